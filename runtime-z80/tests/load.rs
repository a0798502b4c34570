//! Memory and registers as CP/M leaves them to a program.

mod machine;

use machine::{config, machine as load};
use mlc_runtime_z80::{CpmConfig, CpmMachine, End, Exit, LoadError, NoObserver, Script};

const RET: &[u8] = &[0xC9];

fn refused(program: &[u8], tail: &[u8], config: CpmConfig) -> LoadError {
    match CpmMachine::load(program, tail, Script::default(), config) {
        Err(error) => error,
        Ok(_) => panic!("loaded"),
    }
}

#[test]
fn page_zero() {
    let machine = load(RET, "hi b:x", b"");
    let memory = machine.memory();
    assert_eq!(memory.byte(0), 0xC3);
    assert_eq!(memory.word(1), 0xF203);
    assert_eq!(memory.byte(5), 0xC3);
    assert_eq!(memory.word(6), 0xE406);
    assert_eq!(&memory.bytes()[0x80..0x89], b"\x07 HI B:X\0");
    assert_eq!(&memory.bytes()[0x5C..0x68], b"\0HI         ");
    assert_eq!(&memory.bytes()[0x6C..0x78], b"\x02X          ");
    assert_eq!(memory.byte(0x7C), 0);
}

#[test]
fn the_tail_keeps_its_spaces_and_high_bytes() {
    let config = config();
    let tail = [b' ', b' ', b'a', 0x80, 0xFF, b'{', b' '];
    let machine = CpmMachine::load(RET, &tail, Script::default(), config).unwrap();
    assert_eq!(&machine.memory().bytes()[0x80..0x89], b"\x07  A\x80\xFF{ \0");
    let machine = load(RET, "", b"");
    assert_eq!(&machine.memory().bytes()[0x80..0x82], b"\0\0");
}

#[test]
fn the_longest_tail() {
    let machine = load(RET, &"x".repeat(126), b"");
    assert_eq!(machine.memory().byte(0x80), 127);
    assert_eq!(machine.memory().byte(0xFF), b'X');
    assert_eq!(machine.memory().byte(0x100), 0xC9);
    assert_eq!(refused(RET, &[b'x'; 127], config()), LoadError::TailTooLong { length: 128 });
    assert_eq!(refused(RET, b"a\rb", config()), LoadError::TailControl { byte: 13, position: 1 });
    assert_eq!(
        refused(RET, &[b'x'; 127], config()).to_string(),
        "the command tail has 128 bytes with its leading space; CP/M's buffer holds 127: shorten it"
    );
}

#[test]
fn default_fcbs() {
    let fcbs = |tail: &str| {
        let machine = load(RET, tail, b"");
        let memory = machine.memory().bytes();
        (memory[0x5C..0x6C].to_vec(), memory[0x6C..0x7C].to_vec())
    };
    let blank = b"\0           \0\0\0\0".to_vec();
    assert_eq!(fcbs(""), (blank.clone(), blank.clone()));
    assert_eq!(fcbs("a:model.ron").0, b"\x01MODEL   RON\0\0\0\0");
    assert_eq!(
        fcbs("*.c? verylongname.text"),
        (b"\0????????C? \0\0\0\0".to_vec(), b"\0VERYLONGTEX\0\0\0\0".to_vec())
    );
    assert_eq!(fcbs("ab*c.x*").0, b"\0AB??????X??\0\0\0\0");
    // A delimiter ends the word, and the CCP does not skip it.
    assert_eq!(fcbs("a=b"), (b"\0A          \0\0\0\0".to_vec(), blank));
}

#[test]
fn a_program_returns_through_the_stack() {
    let mut machine = load(RET, "", b"");
    let sp = machine.registers().sp;
    assert_eq!((machine.registers().pc, machine.memory().word(sp)), (0x0100, 0xDC00));
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(machine.t_states(), 10);
    // The end stays the end.
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(machine.t_states(), 10);
}

#[test]
fn other_ways_out() {
    assert_eq!(machine::run(&[0xC3, 0x00, 0x00], b"").0, End::Exit(Exit::WarmBoot)); // JP 0
    assert_eq!(machine::run(&[0xC7], b"").0, End::Exit(Exit::WarmBoot)); // RST 0
    #[rustfmt::skip]
    let bdos_0 = [0x0E, 0x00, 0xCD, 0x05, 0x00]; // LD C,0 / CALL 5
    assert_eq!(machine::run(&bdos_0, b"").0, End::Exit(Exit::SystemReset));
}

#[test]
fn the_bdos_lies_where_it_is_told() {
    let machine =
        CpmMachine::load(RET, b"", Script::default(), CpmConfig { bdos: 0x8006, ..config() }).unwrap();
    assert_eq!((machine.memory().word(6), machine.memory().word(1)), (0x8006, 0x8E03));
    for bdos in [0x0A05, 0xF1D1, 0xFFFF] {
        assert_eq!(refused(RET, b"", CpmConfig { bdos, ..config() }), LoadError::BdosAddress { bdos });
    }
    for bdos in [0x0A06, 0xF1D0] {
        let mut machine =
            CpmMachine::load(RET, b"", Script::default(), CpmConfig { bdos, ..config() }).unwrap();
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    }
}

#[test]
fn programs_that_do_not_fit() {
    assert_eq!(refused(&[], b"", config()), LoadError::Empty);
    // The CCP gives up as soon as a record ends where it begins itself.
    let room = 0xDC00 - 0x0100 - 128;
    assert_eq!(refused(&vec![0; room + 1], b"", config()), LoadError::TooLarge { size: room + 1, room });
    assert!(CpmMachine::load(&vec![0; room], b"", Script::default(), config()).is_ok());
}

/// Where nobody wrote there is junk, and the same junk every time.
#[test]
fn junk_is_deterministic() {
    let memory = |seed| {
        let machine = CpmMachine::load(RET, b"", Script::default(), CpmConfig { seed, ..config() }).unwrap();
        (machine.memory().bytes().to_vec(), machine.registers())
    };
    assert_eq!(memory(1), memory(1));
    assert_ne!(memory(1), memory(2));
    let zeros = memory(1).0[0x1000..0x2000].iter().filter(|&&byte| byte == 0).count();
    assert!(zeros < 64, "{zeros}");
}
