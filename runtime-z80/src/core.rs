//! The processor with its memory, its counters and its limits. What is where in memory is set up in `core/map.rs`.

mod map;

use iz80::{Cpu, Machine, Reg8, Reg16};
use mlc_machine::{Junk, Limit};

use crate::bus::{Bus, Ports};
use crate::end::{End, Fault, FaultKind};
use crate::memory::{Memory, mark};
use crate::registers::Registers;
use crate::symbols::{Location, Symbols};
use crate::timing;
use std::any::Any;

/// A periodic interrupt request, held until the processor takes it or `width` T-states have gone by.
pub(crate) struct Clock {
    pub(crate) every: u64,
    pub(crate) width: u64,
    pub(crate) next: u64,
    pub(crate) raised: u64,
    pub(crate) pending: bool,
}

struct Area {
    first: u16,
    last: u16,
    name: &'static str,
}

/// A Z80 with its memory, 64 KB or more in banks, independent of any operating system.
pub struct Core {
    pub(crate) cpu: Cpu,
    pub(crate) bus: Bus,
    /// T-states since the start.
    pub(crate) t: u64,
    /// Opcode fetches (M1 cycles) since the start: what the refresh register counts.
    pub(crate) fetches: u64,
    /// T-states that the machine adds to each of them.
    fetch_wait: u64,
    /// No interrupt is taken while `fetches` has this value: set by `EI` and by prefixes without effect.
    pub(crate) held_at: u64,
    /// The refresh register as last loaded, and `fetches` at that moment.
    pub(crate) refresh: (u8, u64),
    pub(crate) clock: Option<Clock>,
    /// How long the program may run without input.
    pub(crate) limit: Limit,
    pub(crate) lowest_sp: u16,
    /// HALT is the host's business first.
    pub(crate) host_at_halt: bool,
    areas: Vec<Area>,
    symbols: Symbols,
}

impl Core {
    /// Memory and registers hold junk made from `seed`; PC is 0, interrupts are off, mode 1.
    pub fn new(ports: impl Ports, seed: u64) -> Self {
        let mut core = Core {
            cpu: Cpu::new_z80(),
            bus: Bus::new(ports, seed),
            t: 0,
            fetches: 0,
            fetch_wait: 0,
            held_at: u64::MAX,
            refresh: (0, 0),
            clock: None,
            limit: Limit::new(None, 0),
            lowest_sp: 0,
            host_at_halt: false,
            areas: Vec::new(),
            symbols: Symbols::default(),
        };
        let mut junk = Junk::new(!seed);
        let mut fill = || {
            let mut word = || junk.word();
            let (af, bc, de, hl) = (word(), word(), word(), word());
            Registers { af, bc, de, hl, ix: word(), iy: word(), sp: word(), pc: 0 }
        };
        core.set_registers(fill());
        core.inject([0x08, 0]); // EX AF,AF'
        core.inject([0xD9, 0]); // EXX
        core.set_registers(fill());
        core.inject([0xED, 0x56]); // IM 1
        core
    }

    /// Lets the [`crate::Host`] act when PC reaches `address`.
    pub fn trap(&mut self, address: u16) {
        self.bus.memory.set_mark(address, mark::TRAP, true);
    }

    /// Tells the observer when PC reaches `address`.
    pub fn watch(&mut self, address: u16) {
        self.bus.memory.set_mark(address, mark::WATCHED, true);
    }

    /// Ends [`Core::watch`].
    pub fn unwatch(&mut self, address: u16) {
        self.bus.memory.set_mark(address, mark::WATCHED, false);
    }

    /// The names of addresses in faults.
    pub fn set_symbols(&mut self, symbols: Symbols) {
        self.symbols = symbols;
    }

    /// Ends the run with a fault when this many T-states have gone by since now, or since the program was last given
    /// input or asked for some that had not come yet: waiting for a person is no endless loop.
    pub fn set_limit(&mut self, t_states: u64) {
        self.limit = Limit::new(Some(t_states), self.t);
    }

    /// Sets what every machine's configuration has: see [`Core::set_limit`], [`Core::set_lowest_sp`] and
    /// [`Core::set_symbols`].
    pub(crate) fn configure(&mut self, limit: Option<u64>, lowest_sp: Option<u16>, symbols: Symbols) {
        self.limit = Limit::new(limit, self.t);
        self.set_lowest_sp(lowest_sp.unwrap_or(0));
        self.set_symbols(symbols);
    }

    /// Ends the run with a fault when a push, call or interrupt writes below `address`. Reading below it
    /// through SP stays legal.
    pub fn set_lowest_sp(&mut self, address: u16) {
        self.lowest_sp = address;
    }

    /// Requests an interrupt every `t_states` (at least 1), the first one after so many, and turns
    /// interrupts on. A request stays until it is taken; requests do not add up.
    pub fn set_clock(&mut self, t_states: u64) {
        self.set_frame_clock(t_states, u64::MAX);
        self.inject([0xFB, 0]); // EI
    }

    /// Requests an interrupt every `t_states` (at least 1), the first one after so many, and leaves interrupts as
    /// they are. A request that is not taken for `width` T-states is gone.
    pub fn set_frame_clock(&mut self, t_states: u64, width: u64) {
        let every = t_states.max(1);
        let next = self.t.saturating_add(every);
        self.clock = Some(Clock { every, width, next, raised: 0, pending: false });
    }

    /// Asks [`crate::Host::halt`] before the processor halts.
    pub fn ask_host_at_halt(&mut self) {
        self.host_at_halt = true;
    }

    /// T-states since the start.
    pub fn t_states(&self) -> u64 {
        self.t
    }

    /// The memory, to look at.
    pub fn memory(&self) -> &Memory {
        &self.bus.memory
    }

    /// The devices given to [`Core::new`].
    ///
    /// # Panics
    /// They are of another type.
    pub fn ports<P: Ports>(&mut self) -> &mut P {
        let devices: &mut dyn Any = &mut *self.bus.ports;
        devices.downcast_mut().expect("the type of devices that the core was made with")
    }

    /// Writes on the program's behalf, under the same protection.
    pub fn write(&mut self, address: u16, value: u8) {
        self.bus.write(address, value);
    }

    /// True where the program has neither been loaded nor has written.
    pub fn is_blank(&self, address: u16) -> bool {
        self.bus.memory.marks(address) & mark::BLANK != 0
    }

    /// The registers as they are between two instructions.
    pub fn registers(&self) -> Registers {
        Registers::of(&self.cpu)
    }

    /// Sets all of [`Registers`].
    pub fn set_registers(&mut self, registers: Registers) {
        registers.put(&mut self.cpu);
    }

    /// BC', DE', HL' and AF' in the place of their counterparts.
    pub fn alternate_registers(&mut self) -> Registers {
        self.exchange();
        let registers = self.registers();
        self.exchange();
        registers
    }

    /// Sets AF', BC', DE' and HL' from their counterparts in `registers`.
    pub fn set_alternate_registers(&mut self, registers: Registers) {
        self.exchange();
        let main = self.registers();
        let Registers { ix, iy, sp, pc, .. } = main;
        self.set_registers(Registers { ix, iy, sp, pc, ..registers });
        self.exchange();
    }

    fn exchange(&mut self) {
        self.inject([0x08, 0]); // EX AF,AF'
        self.inject([0xD9, 0]); // EXX
    }

    /// Sets the registers R and I.
    pub(crate) fn set_refresh_and_vector(&mut self, refresh: u8, vector: u8) {
        self.refresh = (refresh, self.fetches);
        self.cpu.registers().set8(Reg8::I, vector);
    }

    /// Turns maskable interrupts on, as `EI` before the return from a service does.
    pub fn enable_interrupts(&mut self) {
        self.inject([0xFB, 0]); // EI
    }

    /// Turns them off, as `DI` does.
    pub(crate) fn disable_interrupts(&mut self) {
        self.inject([0xF3, 0]); // DI
    }

    /// Whether the processor takes maskable interrupts (IFF1).
    pub fn interrupts_enabled(&self) -> bool {
        self.cpu.immutable_registers().get_interrupt_mode().0
    }

    /// Executes one instruction, without traps, watched addresses and interrupts. Returns its T-states.
    pub fn step(&mut self) -> Result<u64, Fault> {
        let (pc, before) = (self.pc(), self.t);
        match self.execute(pc) {
            Ok(()) => Ok(self.t - before),
            Err(kind) => Err(self.fault(kind, pc)),
        }
    }

    /// Does what a `RET` does, for the same T-states: the end of a service in a trap.
    pub fn ret(&mut self) {
        let sp = self.registers().sp;
        let pc = self.bus.memory.word(sp);
        let r = self.cpu.registers();
        r.set16(Reg16::SP, sp.wrapping_add(2));
        r.set_pc(pc);
        self.spend(1, timing::RET);
    }

    /// Where the routine at PC returns to: the instruction behind the call, if PC is its first one.
    pub(crate) fn return_address(&self) -> u16 {
        self.bus.memory.word(self.sp())
    }

    /// Writes junk on the program's behalf to so many bytes below SP, as a system does that uses its stack.
    pub(crate) fn spoil_stack(&mut self, bytes: u16, junk: &mut Junk) {
        let sp = self.sp();
        for below in 1..=bytes {
            self.write(sp.wrapping_sub(below), junk.word() as u8);
        }
    }

    /// Counts opcode fetches, and T-states without their waits.
    #[inline]
    pub(crate) fn spend(&mut self, fetches: u64, t_states: u64) {
        self.fetches += fetches;
        self.t += t_states + fetches * self.fetch_wait;
    }

    /// T-states of each NOP that a halted processor executes.
    pub(crate) fn halted(&self) -> u64 {
        timing::HALTED + self.fetch_wait
    }

    /// Charges T-states for code that a service stands for.
    pub fn charge(&mut self, t_states: u64) {
        self.t += t_states;
    }

    /// `address` with its symbol; addresses in protected areas have none.
    pub fn locate(&self, address: u16) -> Location {
        match self.area(address) {
            Some(_) => Location { address, symbol: None },
            None => self.symbols.locate(address),
        }
    }

    /// A fault at the instruction at `address`.
    pub fn fault(&self, kind: FaultKind, address: u16) -> Fault {
        Fault { at: self.locate(address), kind }
    }

    /// The refused write that [`Core::write`] or an instruction tried since the last call, if there is one.
    pub fn take_refused(&mut self) -> Option<FaultKind> {
        let address = self.bus.refused.take()?;
        Some(FaultKind::ProtectedWrite { address, area: self.area_name(address) })
    }

    pub(crate) fn area_name(&self, address: u16) -> &'static str {
        self.area(address).map_or("the system", |area| area.name)
    }

    fn area(&self, address: u16) -> Option<&Area> {
        self.areas.iter().find(|area| (area.first..=area.last).contains(&address))
    }

    pub(crate) fn end(&self, kind: FaultKind, address: u16) -> End {
        End::Fault(self.fault(kind, address))
    }

    #[inline]
    pub(crate) fn pc(&self) -> u16 {
        self.cpu.immutable_registers().pc()
    }

    #[inline]
    pub(crate) fn set_pc(&mut self, pc: u16) {
        self.cpu.registers().set_pc(pc);
    }

    /// Has the processor execute an instruction that is nowhere in memory and takes no time, as `iz80` lets
    /// nobody set the interrupt flip-flops and mode directly. For instructions without operands in memory.
    pub(crate) fn inject(&mut self, code: [u8; 2]) {
        let pc = self.pc();
        self.set_pc(0);
        self.cpu.execute_instruction(&mut Injected(code));
        self.set_pc(pc);
    }

    pub(crate) fn interrupt_mode(&self) -> u8 {
        self.cpu.immutable_registers().get_interrupt_mode().1
    }

    #[inline]
    pub(crate) fn reg8(&self, register: Reg8) -> u8 {
        self.cpu.immutable_registers().get8(register)
    }
}

struct Injected([u8; 2]);

impl Machine for Injected {
    fn peek(&mut self, address: u16) -> u8 {
        self.0[usize::from(address & 1)]
    }

    fn poke(&mut self, _address: u16, _value: u8) {}

    fn port_in(&mut self, _address: u16) -> u8 {
        0xFF
    }

    fn port_out(&mut self, _address: u16, _value: u8) {}
}
