{#- Weights in a file beside the program, read in records of 128 bytes. All calls of the BDOS for it are here: 15 opens, 26
    says where a record goes, 33 reads one by its number, 20 the next. What 33 has read, the first call of 20 reads again.

    row(s): s.name; s.offset: bytes in front of its first row in its first record; s.stride: bytes of a row, and records of
    s.rows; s.reads: records that have a row for certain. -#}
{% macro row(s) %}
; HL: the number of a row. DE: where it is, in the buffer.
file_row_{{ s.name }}:
        ld bc,{{ s.name }}_record
        ld de,{{ s.rows }}
file_row_{{ s.name }}_block:
        or a
        sbc hl,de
        jr c,file_row_{{ s.name }}_found
        push hl
        ld hl,{{ s.stride }}
        add hl,bc
        ld b,h
        ld c,l
        pop hl
        jr file_row_{{ s.name }}_block
file_row_{{ s.name }}_found:
        add hl,de                       ; the row behind record BC
        push bc
        ld b,h
        ld c,l
        ld hl,{{ s.offset }}
        ld de,{{ s.stride }}
        call index
        pop de
        ld b,{{ s.reads }}
        jp file_at
{% endmacro row %}

{#- s.name: eight characters; s.shown: as messages have it; s.last: the last record; s.identity: bytes at the start of the
    first record and of the last; s.blank: the rest of what opens the file. -#}
{% macro code(s) %}
; HL: bytes behind the start of record DE. Reads B records, and sets DE to where the byte is, in the buffer.
file_at:
        ld a,l
        and 127
        ld (file_offset),a
        add hl,hl
        ld l,h
        ld h,0
        rl h
        add hl,de
        push bc
        call file_seek
        pop bc
        call file_read
        ld hl,(file_offset)
        ld h,0
        ld de,file_buffer
        add hl,de
        ex de,hl
        ret

; The matrices of a token come next.
file_start:
        xor a
        ld (file_left),a
        ld hl,file_first
; Record HL comes next; it is in the buffer.
file_seek:
        call file_record
        or a
        ret z
        jr file_bad

; Reads record HL to the buffer. A: 0, or why not.
file_record:
        ld (file_fcb+33),hl
        xor a
        ld (file_fcb+35),a
        ld de,file_buffer
        ld c,26
        call bdos
        ld de,file_fcb
        ld c,33
        jp bdos

; Reads the next B records to the buffer.
file_read:
        ld de,file_buffer
file_next:
        push bc
        push de
        ld c,26
        call bdos
        ld de,file_fcb
        ld c,20
        call bdos
        or a
        jr nz,file_bad
        pop hl
        ld de,128
        add hl,de
        ex de,hl
        pop bc
        djnz file_next
        ret
file_bad:
        ld de,file_unreadable
        jp file_fail

; Opens the file, and looks at its first record and its last.
file_open:
        ld hl,file_fcb+12
        ld b,24
file_clear:
        ld (hl),0
        inc hl
        djnz file_clear
        ld de,file_fcb
        ld c,15
        call bdos
        inc a
        ld de,file_missing
        jp z,file_fail
        ld hl,0
        call file_record
        or a
        ld de,file_short
        jp nz,file_fail
        call file_compare
        ld de,file_other
        jp nz,file_fail
        ld hl,{{ s.last }}
        call file_record
        or a
        ld de,file_short
        jp nz,file_fail
        call file_compare
        ret z
        ld de,file_short

; DE: what is wrong with the file.
file_fail:
        push de
        ld de,file_name
        ld c,9
        call bdos
        pop de
        ld c,9
        call bdos
        jp exit

; Z: the record in the buffer is this program's.
file_compare:
        ld hl,file_buffer
        ld de,file_identity
        ld b,{{ s.identity | length }}
file_compare_next:
        ld a,(de)
        cp (hl)
        ret nz
        inc de
        inc hl
        djnz file_compare_next
        ret

; The next block of a matrix. (file_list): blocks: the rows and the records of each, and the bytes that are left of the last
; record; behind them a 0. (file_left): bytes that are left, in front of (file_behind).
; Z: no block is left. Else HL: the block, (rows_left): its rows.
file_block:
        ld hl,(file_list)
        ld a,(hl)
        or a
        ret z
        ld (rows_left),a
        inc hl
        ld d,(hl)
        inc hl
        ld e,(hl)
        inc hl
        ld (file_list),hl
        ld hl,file_left
        ld c,(hl)
        ld (hl),e
        ld b,0
        push de
        ld hl,file_buffer
        or a
        sbc hl,bc
        push hl
        ld a,c
        or a
        jr z,file_moved                 ; what is left goes in front of the buffer
        ex de,hl
        ld hl,(file_behind)
        sbc hl,bc
        ldir
file_moved:
        pop hl
        pop bc
        push hl
        ld a,b
        or a
        ld de,file_buffer
        call nz,file_next
        ld (file_behind),de
        pop hl
        or 1
        ret
file_end:

file_identity:  db {{ s.identity | join(sep=",") }}
file_fcb:       db 0,"{{ s.name }}DAT",{{ s.blank | join(sep=",") }}
file_name:      db 13,10,"{{ s.shown }} $"
file_missing:   db "is not on this disk: it belongs to this program",13,10,"$"
file_other:     db "belongs to another program",13,10,"$"
file_short:     db "is not whole: copy it again",13,10,"$"
file_unreadable: db "cannot be read",13,10,"$"
{% endmacro code %}
