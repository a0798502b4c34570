//! `.SNA`: the registers and the memory of a ZX Spectrum, about to start the program: the 48 KB that every one has, or all
//! pages of one with 128 KB, which runs the BASIC of the smaller one then, its port unlocked.
//!
//! The system variables are as BASIC leaves them after `CLEAR`: the ROM prints with them, and `!` in the chat goes back
//! to BASIC. Their addresses and meanings are those of the Sinclair ROM's manual, chapter 25.

use super::tap;

const RAM: u16 = 0x4000;
const COLOURS: u16 = 0x5800;
/// Black on white, as BASIC starts.
const BLACK_ON_WHITE: u8 = 0x38;
/// Channels, the BASIC program, and what follows it.
const CHANNELS: u16 = 0x5CB6;
const PROGRAM: u16 = 0x5CCB;
/// Prints the report and goes on with the editor: where an error, and here the program, ends.
const MAIN_REPORT: u16 = 0x1303;
/// The interpreter's HL' and IY.
const CALCULATOR: u16 = 0x2758;
const SYSTEM: u16 = 0x5C3A;

/// K and P print at 09F4h and cannot be read or written otherwise; R writes to the work space.
const CHANNEL_DATA: [u8; 21] = [
    0xF4, 0x09, 0xA8, 0x10, b'K', 0xF4, 0x09, 0xC4, 0x15, b'S', 0x81, 0x0F, 0xC4, 0x15, b'R', 0xF4, 0x09,
    0xC4, 0x15, b'P', 0x80,
];
/// Streams -3 to 3 as offsets into the channels.
const STREAMS: [u8; 14] = [1, 0, 6, 0, 0x0B, 0, 1, 0, 1, 0, 6, 0, 0x10, 0];

/// What the port was sent last, and where the ROMs keep it: page 0, and the ROM of BASIC.
const PORT: u8 = 0x10;
const BANKM: u16 = 0x5B5C;
const PAGE: usize = 0x4000;
/// Pages behind the first three of a snapshot, which are shown.
const OTHERS: [u8; 5] = [1, 3, 4, 6, 7];

/// A snapshot with `bytes` at `origin`, entered there.
pub(super) fn write(origin: u16, bytes: &[u8]) -> Vec<u8> {
    let (mut memory, stack) = memory(origin, bytes);
    let at = usize::from(stack - RAM);
    memory[at..at + 2].copy_from_slice(&origin.to_le_bytes());
    let mut file = header(origin, stack);
    file.extend(memory);
    file
}

/// The same with pages, by their numbers: none of them is 2 or 5.
pub(super) fn write_pages(origin: u16, bytes: &[u8], pages: &[(u8, &[u8])]) -> Vec<u8> {
    let page = |number: u8| {
        let found = pages.iter().find(|(page, _)| *page == number);
        let mut page = found.map_or(vec![], |(_, bytes)| bytes.to_vec());
        page.resize(PAGE, 0);
        page
    };
    let (mut memory, stack) = memory(origin, bytes);
    memory[usize::from(BANKM - RAM)] = PORT;
    memory.truncate(2 * PAGE);
    // PC has a place of its own.
    let mut file = header(origin, stack + 2);
    file.extend(memory);
    file.extend(page(0));
    file.extend(origin.to_le_bytes());
    file.extend([PORT, 0]);
    file.extend(OTHERS.into_iter().flat_map(page));
    file
}

/// The memory from 4000h on, and where the stack is that PC goes on.
fn memory(origin: u16, bytes: &[u8]) -> (Vec<u8>, u16) {
    let mut memory = vec![0; 0xC000];
    let mut put = |address: u16, bytes: &[u8]| {
        let at = usize::from(address - RAM);
        memory[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(COLOURS, &[BLACK_ON_WHITE; 0x300]);
    let ramtop = origin - 1;
    // On BASIC's stack: the program's start, where it returns to, and the bottom that errors go back to.
    let error_stack = ramtop - 3;
    let stack = error_stack - 4;
    put(ramtop, &[0x3E]);
    for (at, word) in [(stack + 2, MAIN_REPORT), (error_stack, MAIN_REPORT)] {
        put(at, &word.to_le_bytes());
    }
    variables(&mut put, ramtop, error_stack, origin);
    put(origin, bytes);
    (memory, stack)
}

fn header(origin: u16, stack: u16) -> Vec<u8> {
    let mut file = vec![0x3F];
    for word in [CALCULATOR, 0, 0, 0, 0, 0, origin, SYSTEM, 0] {
        file.extend(word.to_le_bytes());
    }
    // Interrupts on, R, AF, SP, mode 1, a white border.
    file.extend([0x04, 0, 0, 0]);
    file.extend(stack.to_le_bytes());
    file.extend([1, 7]);
    file
}

fn variables(put: &mut impl FnMut(u16, &[u8]), ramtop: u16, error_stack: u16, origin: u16) {
    let loader = tap::loader(origin, origin, false);
    let variables = PROGRAM + loader.len() as u16;
    let edit_line = variables + 1;
    let work_space = edit_line + 2;
    put(0x5C00, &[0xFF, 0, 0, 0, 0xFF, 0, 0, 0]); // KSTATE: no key
    put(0x5C09, &[35, 5]); // REPDEL, REPPER
    put(0x5C10, &STREAMS);
    put(0x5C38, &[64, 0, 0xFF, 0x88]); // RASP, PIP, ERR_NR, FLAGS
    put(0x5C44, &[0xFF]); // NSPPC
    put(0x5C48, &[BLACK_ON_WHITE]); // BORDCR
    put(0x5C6B, &[2]); // DF_SZ
    put(0x5C7F, &[33]); // P_POSN
    put(0x5C88, &[33, 24, 33, 23, 1, BLACK_ON_WHITE, 0, BLACK_ON_WHITE, 0, 0]); // S_POSN to P_FLAG
    put(CHANNELS, &CHANNEL_DATA);
    put(PROGRAM, &loader);
    put(variables, &[0x80, b'\r', 0x80]);
    let words = [
        (0x5C36, 0x3C00),       // CHARS
        (0x5C3D, error_stack),  // ERR_SP
        (0x5C4B, variables),    // VARS
        (0x5C4F, CHANNELS),     // CHANS
        (0x5C51, CHANNELS + 5), // CURCHL: S
        (0x5C53, PROGRAM),      // PROG
        (0x5C57, PROGRAM - 1),  // DATADD
        (0x5C59, edit_line),    // E_LINE
        (0x5C5B, edit_line),    // K_CUR
        (0x5C5D, edit_line),    // CH_ADD
        (0x5C61, work_space),   // WORKSP
        (0x5C63, work_space),   // STKBOT
        (0x5C65, work_space),   // STKEND
        (0x5C68, 0x5C92),       // MEM
        (0x5C7B, 0xFF58),       // UDG
        (0x5C80, 0x5B00),       // PR_CC
        (0x5C82, 0x1721),       // ECHO_E
        (0x5C84, RAM),          // DF_CC
        (0x5C86, 0x50E0),       // DF_CCL
        (0x5CB2, ramtop),       // RAMTOP
        (0x5CB4, 0xFFFF),       // P_RAMT
    ];
    words.into_iter().for_each(|(at, word): (u16, u16)| put(at, &word.to_le_bytes()));
}
