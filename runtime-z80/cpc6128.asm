{%- include "cpc464.asm" -%}
{%- if pages %}

; ---- 128 KB: pages behind the gate array ---------------------------------------
; What shows at 4000h to 7FFFh. The firmware needs no memory there, and its interrupts leave what shows as it is.

page_port       equ 7Fh                 ; the upper half of its address
page_base       equ 0C0h                ; what shows at first
page_probe      equ 0C4h
page_window     equ {{ pages.window }}
page_count      equ {{ pages.selects | length }}

{%- if pages.caches is number %}
show_ram:
        ld a,{{ pages.caches }}
        jr show_page
{%- endif %}
show_text:
        ld a,{{ pages.text }}
; Has a page shown. A: what the gate array is sent. BC is lost.
show_page:
        ld b,page_port
        out (c),a
        ret

kl_init_back    equ 0BCCEh              ; ROM C, DE and HL the first and last byte of memory that it may take some of
cas_in_open     equ 0BC77h              ; the file at HL, B characters; 2 KB at DE; carry: done
cas_in_close    equ 0BC7Ah
cas_in_direct   equ 0BC83h              ; all of it to HL; carry: done
amsdos_rom      equ 7
amsdos_first    equ 0BE7Dh              ; where its memory begins, with the number of the drive in its first byte
pool_first      equ 0040h
pool_last       equ 0ABFFh
load_buffer     equ bss

; Where RUN" starts the program, which has dropped the disk system: that comes back, reads the files of the other pages, and
; is dropped again with everything else of the firmware when the program is started anew.
load_pages:
        ld sp,stack_top
        ld hl,page_window
        ld d,(hl)
        ld a,page_probe
        call show_page
        ld a,d
        cpl
        ld (hl),a
        ld a,page_base
        call show_page
        ld a,(hl)
        cp d                            ; without more memory it is the same byte
        ld hl,load_small
        jr nz,load_failed
        ld hl,(amsdos_first)
        ld a,(hl)
        push af
        ld c,amsdos_rom
        ld de,pool_first
        ld hl,pool_last
        call kl_init_back
        pop af
        ld hl,(amsdos_first)
        ld (hl),a                       ; the drive that the program is from
        ld hl,bank_selects
        ld b,page_count
load_page:
        push bc
        push hl
        ld a,(hl)
        cp page_base
        jr z,load_next                  ; it is there
        call show_page
        sub 0C0h-'0'
        ld (load_digit),a
        ld b,load_end-load_name
        ld hl,load_name
        ld de,load_buffer
        call cas_in_open
        jr nc,load_error
        ld hl,page_window
        call cas_in_direct
        jr nc,load_error
        call cas_in_close
load_next:
        pop hl
        pop bc
        inc hl
        djnz load_page
        ld a,page_base
        call show_page
        ld hl,start
        ld c,0FFh                       ; no ROM
        jp mc_start_program

load_error:
        ld a,page_base
        call show_page
        ld hl,load_name
        ld b,load_end-load_name
load_show:
        ld a,(hl)
        call txt_output
        inc hl
        djnz load_show
        ld hl,load_missing
load_failed:
        call print
        call km_wait_char
        jp exit
load_name:      db "{{ pages.file }}.P"
load_digit:     db "0"
load_end:
load_missing:   db " cannot be read: all files of the disk belong together. Press a key.",0
load_small:     db "This program needs 128 KB. Press a key.",0
{%- endif %}
