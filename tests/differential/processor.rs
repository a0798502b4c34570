//! The start of a CP/M program on an 8080. The machines here have a Z80 only, so the processor is `iz80` by itself.

use super::support;
use iz80::{Cpu, Machine, PlainMachine, Reg8, Reg16};
use mlc_compiler::plan::{Demands, Optimize};

const BDOS: u16 = 0x0005;
const BDOS_BASE: u16 = 0xE406;
const CCP: u16 = 0xDC00;
const MOST_INSTRUCTIONS: usize = 10_000;

/// How a program goes on.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    /// It returns to the command processor.
    Returns,
    /// It waits for a line.
    Asks,
}

/// What a program says through BDOS function 9, and what it does then.
fn start(mut cpu: Cpu, image: &[u8], bdos_base: u16) -> (String, Then) {
    let mut machine = Box::new(PlainMachine::new());
    // A program that does not know its processor may run anywhere: HALT is never meant.
    (0..=0xFFFF).for_each(|address| machine.poke(address, 0x76));
    (0x0100u16..).zip(image).for_each(|(address, &byte)| machine.poke(address, byte));
    machine.poke16(BDOS + 1, bdos_base);
    // An empty command tail, and the way back.
    machine.poke(0x0080, 0);
    machine.poke16(CCP - 2, CCP);
    cpu.registers().set16(Reg16::SP, CCP - 2);
    cpu.registers().set_pc(0x0100);
    let mut said = String::new();
    for _ in 0..MOST_INSTRUCTIONS {
        let pc = cpu.registers().pc();
        match (pc, cpu.registers().get8(Reg8::C)) {
            (CCP, _) => return (said, Then::Returns),
            (BDOS, 10) => return (said, Then::Asks),
            (BDOS, 9) => {
                let text = cpu.registers().get16(Reg16::DE);
                let text = (text..).map(|address| char::from(machine.peek(address)));
                said.extend(text.take_while(|&character| character != '$'));
                let sp = cpu.registers().get16(Reg16::SP);
                cpu.registers().set_pc(machine.peek16(sp));
                cpu.registers().set16(Reg16::SP, sp + 2);
            }
            (BDOS, function) => panic!("function {function}, having said {said:?}"),
            _ if machine.peek(pc) == 0x76 => panic!("it halts at {pc:04X}h, having said {said:?}"),
            _ => cpu.execute_instruction(machine.as_mut()),
        }
    }
    panic!("{MOST_INSTRUCTIONS} instructions, having said {said:?}");
}

#[test]
fn an_8080_is_told_what_is_missing() {
    let (model, _) = support::own("commands");
    for optimize in Optimize::ALL {
        let demands = Demands { optimize, ..Demands::default() };
        let image = support::compile_as(&model, &demands, &[]).expect("it fits").image.bytes;
        // An 8085 has the same flags there.
        let said = start(Cpu::new_8080(), &image, BDOS_BASE);
        assert_eq!(said, ("this program needs a Z80\r\n".into(), Then::Returns));
        // Also where memory is short: of two reasons it is the one that cannot be helped.
        assert_eq!(start(Cpu::new_8080(), &image, 0x0806), said);
        assert_eq!(
            start(Cpu::new_z80(), &image, BDOS_BASE),
            ("commands. Type a line; ! ends.\r\n> ".into(), Then::Asks)
        );
    }
}
