{%- import "chat.asm" as chat -%}
; ---- Amstrad CPC 464 -----------------------------------------------------
; A chat on the screen as RUN" leaves it. The query "!" ends it: the firmware starts BASIC anew, for RUN" has dropped the
; one that was there. Calls of the firmware's jumps only. Its interrupt routine needs BC', and room below SP.

km_wait_char    equ 0BB06h              ; a key in A; the firmware repeats keys and minds the shifts
txt_output      equ 0BB5Ah              ; prints A; keeps all registers
txt_cur_enable  equ 0BB7Bh              ; the cursor needs both, and a program starts with neither
txt_cur_on      equ 0BB81h
txt_cur_off     equ 0BB84h
mc_start_program equ 0BD16h             ; initialises the firmware, then runs HL in ROM C; never returns

basic           equ 0C006h              ; its entry, in ROM 0

key_delete      equ 127

stack_top       equ 0C000h              ; the firmware's stack, 256 bytes; one below 4000h would lie under its ROM

start:
        ld sp,stack_top
{%- if remembers %}
        call net_start
{%- endif %}
        call txt_cur_enable
{{- chat::chat_loop(streams=streams | default(value=false)) }}

exit:
{%- if pages %}
        ld a,page_base
        call show_page
{%- endif %}
        ld hl,basic
        ld c,0
        jp mc_start_program

greeting:       db {{ chat::greeting(name=name) }},13,10,0
prompt:         db "> ",0
{{ chat::printing(put="txt_output") }}

; Prints the character in A.
emit:
{%- if controls_used %}
        cp 10
        jr z,newline
        cp 13
        jr z,newline
        cp ' '
        jr c,emit_unknown
        cp 128
        jp c,txt_output
emit_unknown:
        ld a,'?'                        ; other codes are commands and graphics here
{%- endif %}
        jp txt_output

; Reads a line into `line`; its length in B.
read_line:
        call txt_cur_on
        ld hl,line
        ld b,0
read_key:
        call km_wait_char
        cp 13
        jp z,txt_cur_off
        cp key_delete
        jr z,read_delete
        jr nc,read_key                  ; keys without a character
{{- chat::edit_line(put="txt_output", max_query=max_query, streams=streams | default(value=false)) }}
