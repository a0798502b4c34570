{%- import "chat.asm" as chat -%}
; ---- ZX Spectrum ---------------------------------------------------------
; A chat on the upper screen. The query "!" goes back to BASIC.
; The ROM prints. Its interrupt routine reads the keyboard 50 times a second: it leaves a key in LAST_K and
; sets bit 5 of FLAGS, repeats keys that are held, and needs IY as BASIC left it. BASIC wants its HL' back.

cls             equ 0D6Bh
chan_open       equ 1601h
system          equ 5C3Ah               ; IY
last_k          equ 5C08h
df_cc           equ 5C84h               ; where the next character goes in display memory
column          equ 5C88h               ; 33 less its column
row             equ 5C89h               ; 24 less its row
p_ramt          equ 5CB4h               ; last address of memory
; Relative to IY:
flags           equ 01h                 ; bit 3: letters, not keywords; bit 5: a new key
mode            equ 07h                 ; 1: extended
flags2          equ 30h                 ; bit 3: Caps Lock
scr_ct          equ 52h                 ; scrolls until the ROM asks

key_caps_lock   equ 6
key_edit        equ 7
key_delete      equ 12
key_enter       equ 13
key_extended    equ 14

start:
        ld iy,system
        ld hl,(p_ramt)
        ld de,memory_end-1
        or a
        sbc hl,de
        jr c,no_memory
        exx
        push hl
        exx
{%- if pages %}
        ld a,(bankm)
        push af
{%- endif %}
        ld (caller_stack),sp
        ld sp,stack_top
{%- if remembers %}
        call net_start
{%- endif %}
        call cls
        ld a,2                          ; the upper screen
        call chan_open
{{- chat::chat_loop(streams=streams | default(value=false)) }}

exit:
{%- if pages and pages.restarts %}
        jp restart
{%- else %}
        ld sp,(caller_stack)
{%- if pages %}
        pop af
        or rom_basic
        call show_page
{%- endif %}
        exx
        pop hl
        exx
        ret
{%- endif %}

; Too little memory. BASIC stops with "4 Out of memory"; nothing has been touched.
no_memory:
        rst 8
        db 3

greeting:       db {{ chat::greeting(name=name) }},13,0
prompt:         db "> ",0

; Prints the text at HL up to a zero.
print:
        ld a,(hl)
        or a
        ret z
        inc hl
        push hl
        call put
        pop hl
        jr print

newline:
        ld a,13
        jr put
; Prints the character in A. Any register may change but IY.
emit:
{%- if controls_used %}
        cp 10
        jr z,newline
        cp 13
        jr z,put
        cp ' '
        jr c,emit_unknown
        cp 128
        jr c,put
emit_unknown:
        ld a,'?'                        ; other codes are graphics, keywords and commands here
{%- endif %}
put:
        ld (iy+scr_ct),255
        rst 10h
        ret

; Reads a line into `line`; its length in B.
read_line:
        set 3,(iy+flags)
        ld hl,line
        ld b,0
read_key:
        push hl
        push bc
        call cursor
read_wait:
        bit 5,(iy+flags)
        jr nz,read_typed
        halt
        jr read_wait
read_typed:
        call cursor
        ld a,(last_k)
        res 5,(iy+flags)
        pop bc
        pop hl
        cp key_extended
        jr z,read_extended
        ld (iy+mode),0                  ; for one key only
        cp key_enter
        ret z
        cp key_delete
        jr z,read_delete
        cp key_edit
        jr z,read_clear
        cp key_caps_lock
        jr z,read_caps_lock
        cp ' '
        jr c,read_key
        cp 127
        jr nc,read_key                  ; keywords and graphics
{{- chat::keep_key(put="read_put", max_query=max_query, streams=streams | default(value=false)) }}

read_extended:
        ld a,(iy+mode)
        xor 1
        ld (iy+mode),a
        jr read_key

read_caps_lock:
        ld a,(iy+flags2)
        xor 8
        ld (iy+flags2),a
        jr read_key

read_clear:
        ld a,b
        or a
        jr z,read_key
        call read_rub
        jr read_clear

read_delete:
        ld a,b
        or a
        call nz,read_rub
        jr read_key

; Takes the last character away.
read_rub:
        dec hl
        dec b
        call read_back
        ld a,' '
        call read_put
; One place back. CHR$ 8 does not lead to the row above in every ROM; AT does.
read_back:
        ld a,(column)
        cp 33
        ld a,8
        jr nz,read_put
        ld a,(row)
        cpl
        add a,24                        ; the row above: 23 - (24 - row)
        push af
        ld a,22
        call read_put
        pop af
        call read_put
        ld a,31
read_put:
        push hl
        push bc
        call put
        pop bc
        pop hl
        ret

; Has the cell of the next character flash, or stops it.
cursor:
        ld a,(column)
        cp 2
        ret c                           ; behind the last column there is no cell
        ld hl,(df_cc)
        ld a,h
        rrca
        rrca
        rrca
        and 3
        or 58h
        ld h,a
        ld a,(hl)
        xor 80h
        ld (hl),a
        ret
