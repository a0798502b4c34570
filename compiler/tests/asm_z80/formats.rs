//! Every instruction format with representative operands, written down independently of the assembler's table.

/// What the placeholders of a template stand for.
const PLACEHOLDERS: &[(&str, &[&str])] = &[
    ("{r}", &["a", "b", "c", "d", "e", "h", "l"]),
    ("{n}", &["0", "1", "127", "128", "255", "-1", "-128"]),
    ("{nn}", &["0", "1", "0x1234", "0xffff", "-32768"]),
    ("{port}", &["0", "1", "127", "128", "255"]),
    ("{d}", &["-128", "-1", "+0", "+1", "+127"]),
    ("{b}", &["0", "1", "2", "3", "4", "5", "6", "7"]),
    ("{cc}", &["nz", "z", "nc", "c", "po", "pe", "p", "m"]),
    ("{cc4}", &["nz", "z", "nc", "c"]),
    ("{e}", &["$-126", "$-1", "$", "$+1", "$+2", "$+129"]),
    ("{rr}", &["bc", "de", "hl", "sp"]),
    ("{bds}", &["bc", "de", "sp"]),
    ("{xy}", &["ix", "iy"]),
    ("{half}", &["ixh", "ixl", "iyh", "iyl"]),
    ("{notidx}", &["a", "b", "c", "d", "e"]),
    ("{alu_a}", &["add a,", "adc a,", "sbc a,"]),
    ("{alu}", &["sub ", "and ", "xor ", "or ", "cp "]),
    ("{rot}", &["rlc", "rrc", "rl", "rr", "sla", "sra", "sll", "sli", "srl"]),
    ("{incdec}", &["inc", "dec"]),
];

const TEMPLATES: &[&str] = &[
    "ld {r},{r}",
    "ld {half},{notidx}",
    "ld {notidx},{half}",
    "ld ixh,ixh",
    "ld ixh,ixl",
    "ld ixl,ixh",
    "ld ixl,ixl",
    "ld iyh,iyh",
    "ld iyh,iyl",
    "ld iyl,iyh",
    "ld iyl,iyl",
    "ld {r},{n}",
    "ld {half},{n}",
    "ld {r},(hl)",
    "ld {r},({xy}{d})",
    "ld {r},({xy})",
    "ld (hl),{r}",
    "ld ({xy}{d}),{r}",
    "ld (hl),{n}",
    "ld ({xy}{d}),{n}",
    "ld a,(bc)",
    "ld a,(de)",
    "ld a,({nn})",
    "ld (bc),a",
    "ld (de),a",
    "ld ({nn}),a",
    "ld a,i",
    "ld a,r",
    "ld i,a",
    "ld r,a",
    "ld {rr},{nn}",
    "ld {xy},{nn}",
    "ld {rr},({nn})",
    "ld {xy},({nn})",
    "ld ({nn}),{rr}",
    "ld ({nn}),{xy}",
    "ld sp,hl",
    "ld sp,{xy}",
    "push bc",
    "push de",
    "push hl",
    "push af",
    "push {xy}",
    "pop bc",
    "pop de",
    "pop hl",
    "pop af",
    "pop {xy}",
    "ex de,hl",
    "ex af,af'",
    "ex (sp),hl",
    "ex (sp),{xy}",
    "exx",
    "ldi",
    "ldir",
    "ldd",
    "lddr",
    "cpi",
    "cpir",
    "cpd",
    "cpdr",
    "{alu_a}{r}",
    "{alu_a}{half}",
    "{alu_a}{n}",
    "{alu_a}(hl)",
    "{alu_a}({xy}{d})",
    "{alu}{r}",
    "{alu}{half}",
    "{alu}{n}",
    "{alu}(hl)",
    "{alu}({xy}{d})",
    "{incdec} {r}",
    "{incdec} {half}",
    "{incdec} (hl)",
    "{incdec} ({xy}{d})",
    "{incdec} {rr}",
    "{incdec} {xy}",
    "daa",
    "cpl",
    "neg",
    "ccf",
    "scf",
    "nop",
    "halt",
    "di",
    "ei",
    "im 0",
    "im 1",
    "im 2",
    "add hl,{rr}",
    "adc hl,{rr}",
    "sbc hl,{rr}",
    "add {xy},{bds}",
    "add ix,ix",
    "add iy,iy",
    "rlca",
    "rla",
    "rrca",
    "rra",
    "rld",
    "rrd",
    "{rot} {r}",
    "{rot} (hl)",
    "{rot} ({xy}{d})",
    "{rot} ({xy}{d}),{r}",
    "bit {b},{r}",
    "bit {b},(hl)",
    "bit {b},({xy}{d})",
    "set {b},{r}",
    "set {b},(hl)",
    "set {b},({xy}{d})",
    "set {b},({xy}{d}),{r}",
    "res {b},{r}",
    "res {b},(hl)",
    "res {b},({xy}{d})",
    "res {b},({xy}{d}),{r}",
    "jp {nn}",
    "jp {cc},{nn}",
    "jp (hl)",
    "jp ({xy})",
    "jr {e}",
    "jr {cc4},{e}",
    "djnz {e}",
    "call {nn}",
    "call {cc},{nn}",
    "ret",
    "ret {cc}",
    "reti",
    "retn",
    "rst 0",
    "rst 8",
    "rst 0x10",
    "rst 0x18",
    "rst 0x20",
    "rst 0x28",
    "rst 0x30",
    "rst 0x38",
    "in a,({port})",
    "in {r},(c)",
    "in f,(c)",
    "in (c)",
    "ini",
    "inir",
    "ind",
    "indr",
    "out ({port}),a",
    "out (c),{r}",
    "out (c),0",
    "outi",
    "otir",
    "outd",
    "otdr",
];

/// Every format with every combination of its operands.
pub fn all() -> Vec<String> {
    let mut open: Vec<String> = TEMPLATES.iter().rev().map(|text| (*text).to_owned()).collect();
    let mut done = Vec::new();
    while let Some(text) = open.pop() {
        let first = text.find('{').map(|start| (start, start + text[start..].find('}').expect("closed") + 1));
        let Some((start, end)) = first else {
            done.push(text);
            continue;
        };
        let (_, values) =
            PLACEHOLDERS.iter().find(|(name, _)| *name == &text[start..end]).expect("a known placeholder");
        open.extend(values.iter().rev().map(|value| format!("{}{value}{}", &text[..start], &text[end..])));
    }
    done
}

/// Whether pasmo 0.5.3 lacks the format.
pub fn pasmo_lacks(text: &str) -> bool {
    let copies_into_register = text.contains("),") && !text.starts_with("ld") && {
        let (mnemonic, _) = text.split_once(' ').expect("operands");
        !matches!(mnemonic, "out" | "ex" | "in") && (text.contains("(ix") || text.contains("(iy"))
    };
    copies_into_register
        || text.starts_with("sli")
        || text.starts_with("sl1")
        || matches!(text, "in f,(c)" | "in (c)")
        || text == "out (c),0"
}

/// Operands of every kind, one of each, to combine with every mnemonic.
pub const OPERANDS: &[&str] = &[
    "a", "b", "c", "d", "e", "h", "l", "f", "i", "r", "bc", "de", "hl", "sp", "af", "ix", "iy", "ixh", "ixl",
    "iyh", "iyl", "nz", "z", "nc", "po", "pe", "p", "m", "(bc)", "(de)", "(hl)", "(sp)", "(af)", "(c)",
    "(a)", "(b)", "(ix)", "(iy)", "(ix+1)", "(iy-1)", "(ixl)", "(5)", "0", "1", "8", "$",
];

pub const MNEMONICS: &[&str] = &[
    "adc", "add", "and", "bit", "call", "ccf", "cp", "cpd", "cpdr", "cpi", "cpir", "cpl", "daa", "dec", "di",
    "djnz", "ei", "ex", "exx", "halt", "im", "in", "inc", "ind", "indr", "ini", "inir", "jp", "jr", "ld",
    "ldd", "lddr", "ldi", "ldir", "neg", "nop", "or", "otdr", "otir", "out", "outd", "outi", "pop", "push",
    "res", "ret", "reti", "retn", "rl", "rla", "rlc", "rlca", "rld", "rr", "rra", "rrc", "rrca", "rrd",
    "rst", "sbc", "scf", "set", "sl1", "sla", "sli", "sll", "sra", "srl", "sub", "xor",
];
