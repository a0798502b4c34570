{%- include "zx48.asm" -%}
{%- if pages %}

; ---- 128 KB: pages behind a port -----------------------------------------------
; What was sent to the port last stands in BANKM, which the ROMs send again. The ROM is always that of BASIC, 1.

port_pages      equ 7FFDh
bankm           equ 5B5Ch
rom_basic       equ 10h
ld_bytes        equ 0556h               ; a block of the tape: A its flag, carry, IX where to, DE its bytes
page_window     equ {{ pages.window }}
page_size       equ {{ pages.bank }}
page_count      equ {{ pages.selects | length }}
page_last       equ {{ pages.last }}    ; bytes of the last one

{%- if pages.caches is number %}
show_ram:
        ld a,{{ pages.caches }}
        jr show_page
{%- endif %}
show_text:
        ld a,{{ pages.text }}
; Has a page shown. A: what the port is sent. BC is lost.
show_page:
        ld bc,port_pages
        ld (bankm),a
        out (c),a
        ret

; Where the tape's BASIC starts the program: the pages are the next blocks.
load_pages:
        ld a,(bankm)
        push af
        ld hl,bank_selects
        ld de,page_window
        call load_probe                 ; what one page holds must not show in another
        jr nz,load_there
        cpl
        call load_probe
        jr z,load_no_pages
load_there:
{%- if pages.restarts %}
        res 4,(iy+flags)                ; no 128 BASIC, or a +2A and +3 count a byte of page 7 down at interrupts
{%- endif %}
        ld b,page_count
load_page:
        push bc
        push hl
        ld a,(hl)
        ld e,b
        call show_page
        ld ix,page_window
        dec e
        ld de,page_size
        jr nz,load_block
        ld de,page_last
load_block:
        ld a,0FFh
        scf
        call ld_bytes
        pop hl
        pop bc
        jr nc,load_error
        inc hl
        djnz load_page
        pop af
        or rom_basic
        call show_page
        jp start

; Writes A to the first page. Z: another one shows the same.
load_probe:
        push af
        ld a,(hl)
        call show_page
        pop af
        ld (de),a
        ld c,a
        push bc
        ld a,(hl)
        xor 1
        call show_page
        pop bc
        ld a,(de)
        cp c
        ret
load_error:
{%- if pages.restarts %}
        jp restart
{%- else %}
        call load_leave
        rst 8
        db 26                           ; "R Tape loading error"
{%- endif %}
load_no_pages:
        call load_leave
        jp no_memory
load_leave:
        pop hl
        pop af
        or rom_basic
        call show_page
        jp (hl)
{%- if pages.restarts %}

; The pages of the machine's own editor are lost: it starts anew, from its first ROM.
restart:
        di
        xor a
        ld bc,port_pages
        push bc
        ld hl,restart_out
        ld de,line
        ld bc,restart_end-restart_out
        ldir
        pop bc
        jp line
restart_out:
        ld b,1Fh                        ; of a +2A and +3: the upper half of the choice of a ROM
        out (c),a
        ld b,7Fh
        out (c),a
        rst 0
restart_end:
{%- endif %}
{%- endif %}
