{%- import "chat.asm" as chat -%}
; ---- MSX -----------------------------------------------------------------
; A cartridge with a chat on a screen of text. The query "!" goes back to the BIOS, which starts BASIC. Calls of the BIOS's
; documented entries only. Its interrupt routine needs room below SP, and no register.

enaslt          equ 0024h               ; shows slot A in the page of HL; loses all registers, interrupts are off
initxt          equ 006Ch               ; a screen of text, as wide as LINL40 says; loses all registers
chget           equ 009Fh               ; a key in A, under a cursor; keeps all others
chput           equ 00A2h               ; prints A; keeps all registers
rslreg          equ 0138h               ; the slot of each page, two bits each, in A
bottom          equ 0FC48h              ; the first address of RAM in page 3, or below
himem           equ 0FC4Ah              ; the first address that a disk system has, or the BIOS
exptbl          equ 0FCC1h              ; bit 7: the slot has slots in it; which of those are shown: four bytes behind

{%- if second %}
lowest          equ 08000h              ; keys and values are in page 2, where the cartridge is otherwise
{%- else %}
lowest          equ bss
{%- endif %}

key_back        equ 8
key_delete      equ 127

        db "AB"
        dw start,0,0,0,0,0,0

start:
        call initxt
        ei
        ld hl,lowest
        ld de,(bottom)
        or a
        sbc hl,de
        jp c,no_memory
        ld hl,(himem)
        ld de,memory_end
        or a
        sbc hl,de
        jp c,no_memory
        ld hl,0
        add hl,sp
        sbc hl,de
        jp c,no_memory
        ld d,4                          ; what page 2 shows, for the way back
        call page_slot
        push af
        ld (caller_stack),sp
        ld sp,stack_top
{%- if second %}
        ld (slots),a
{%- endif %}
        ld d,2                          ; page 2 shows the cartridge as well
        call page_slot
{%- if second %}
        ld (slots+1),a
{%- endif %}
        call show_second
{%- if mapper %}
{%- for register in mapper %}
        ld a,{{ register.bank }}
        ld ({{ register.address }}),a
{%- endfor %}
{%- endif %}
{%- if remembers %}
        call net_start
{%- endif %}
{{- chat::chat_loop(streams=streams | default(value=false)) }}

exit:
        ld sp,(caller_stack)
        pop af
{%- if second %}
        jr show_second
; Page 2 shows RAM, or the cartridge. All registers are lost.
show_ram:
        ld a,(slots)
        jr show_second
show_rom:
        ld a,(slots+1)
{%- endif %}
show_second:
        ld h,80h
        call enaslt
        ei
        ret

no_memory:
        ld hl,no_memory_text
        jp print                        ; and back to the BIOS: nothing has been touched

no_memory_text: db "This needs RAM from "
{{- chat::hexadecimal(value="lowest") }}
        db "h to "
{{- chat::hexadecimal(value="(memory_end-1)") }}
        db "h.",13,10,"Hold SHIFT at switch-on:",13,10,"a disk drive takes less then.",13,10,0
greeting:       db {{ chat::greeting(name=name) }},13,10,0
prompt:         db "> ",0

; The slot that a page shows, in A. D: twice the page.
page_slot:
        call rslreg
        ld b,d
page_slot_outer:
        rrca
        djnz page_slot_outer
        and 3
        ld c,a
        ld hl,exptbl
        add hl,bc                       ; B is 0
        ld a,(hl)
        and 80h
        or c
        ret p
        ld c,a
        inc hl
        inc hl
        inc hl
        inc hl
        ld a,(hl)
        rlca                            ; the two bits of the page to bits 2 and 3
        rlca
        ld b,d
page_slot_inner:
        rrca
        djnz page_slot_inner
        and 0Ch
        or c
        ret
{{ chat::printing(put="chput") }}

; Prints the character in A.
emit:
{%- if controls_used %}
        cp 10
        jr z,newline
        cp 13
        jr z,newline
        cp ' '
        jr c,emit_unknown
{%- endif %}
        cp 127                          ; this one deletes, those behind it are letters of other languages
        jp c,chput
{%- if controls_used %}
emit_unknown:
{%- endif %}
        ld a,'?'
        jp chput

; Reads a line into `line`; its length in B.
read_line:
        ld hl,line
        ld b,0
read_key:
        call chget
        cp 13
        ret z
        cp key_back
        jr z,read_delete
        cp key_delete
        jr z,read_delete
        jr nc,read_key                  ; letters that no query has
{{- chat::edit_line(put="chput", max_query=max_query, streams=streams | default(value=false)) }}
