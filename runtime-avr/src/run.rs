//! The run loop: instructions, watched addresses, the UART's line, interrupts, sleep and limits.

use mlc_machine::{Call, Console, Input, Limit, Readiness, Return};

use crate::alu;
use crate::core::{Core, News, Pause};
use crate::decode::Kind;
use crate::end::{End, Exit, FaultKind, State};
use crate::io::POLLS;
use crate::observe::Avr;
use crate::timer;
use crate::uart;
use mlc_machine::Observer;

/// "The interrupt execution response for all the enabled AVR interrupts is four clock cycles minimum."
const INTERRUPT: u64 = 4;
/// "If an interrupt occurs when the MCU is in sleep mode, the interrupt execution response time is increased by
/// four clock cycles." Idle has no start-up time on top.
const WAKE_UP: u64 = 4;

/// When the bytes of the console come over the UART's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// Each begins when the program waits for it: nothing is unread, nothing is being sent, and it sleeps,
    /// loops on one jump, or polls UCSRnA in a tight loop. Nothing can get lost.
    WhenWaiting,
    /// One begins every so many cycles (or every frame, if that takes longer), whatever the program does,
    /// once it has switched the receiver on. A program that does not read them in time loses some.
    Every(u64),
}

/// Who types.
#[derive(Debug, Clone)]
pub(crate) struct Typist {
    typing: Typing,
    /// Not before this cycle.
    next: u64,
    over: bool,
    /// How long the program may run without input.
    pub(crate) limit: Limit,
}

impl Typist {
    pub(crate) fn new(typing: Typing, limit: Option<u64>) -> Self {
        Typist { typing, next: 0, over: false, limit: Limit::new(limit, 0) }
    }
}

/// What is around the processor during a run.
pub(crate) struct Outside<'a> {
    pub(crate) console: &'a mut dyn Console,
    pub(crate) observer: &'a mut dyn Observer<Avr>,
    pub(crate) typist: &'a mut Typist,
}

/// Which part asks for an interrupt.
#[derive(Clone, Copy)]
enum Source {
    Timer(u8),
    Uart(u8),
}

impl Core {
    /// Runs for about `cycles` more (to the end of the instruction in which they are used up).
    pub(crate) fn run(&mut self, out: Outside<'_>, cycles: u64) -> State {
        match out.observer.wants_instructions() || out.observer.wants_calls() {
            true => self.run_told::<true>(out, cycles),
            false => self.run_told::<false>(out, cycles),
        }
    }

    /// `EACH`: the observer may want to be told of each instruction or call.
    fn run_told<const EACH: bool>(&mut self, mut out: Outside<'_>, cycles: u64) -> State {
        let instructions = EACH && out.observer.wants_instructions();
        let calls = EACH && out.observer.wants_calls();
        let until = self.t.saturating_add(cycles);
        self.due = 0;
        loop {
            if self.t >= self.due
                && let Some(state) = self.events(&mut out, until)
            {
                return state;
            }
            let Some(&op) = self.ops.get(self.pc as usize) else {
                return self.fault(FaultKind::JumpOutside { target: self.pc.wrapping_mul(2) });
            };
            let before = self.t;
            self.at = self.pc;
            if op.watched {
                out.observer.on_watch(self.at * 2, &self.memory, before);
            }
            let sp = self.memory.sp;
            if let Err(kind) = self.execute(op) {
                return self.fault(kind);
            }
            if instructions {
                out.observer.on_instruction(self.at * 2, before, self.t);
            }
            if calls {
                self.tell_call(op.kind, sp, out.observer);
            }
        }
    }

    /// Tells of the call or return that was just executed; `sp` is the stack pointer before it.
    fn tell_call(&self, kind: Kind, sp: u16, observer: &mut dyn Observer<Avr>) {
        let to = self.pc * 2;
        let words = match kind {
            Kind::Call => 2,
            Kind::Rcall | Kind::Icall | Kind::Eicall => 1,
            Kind::Ret | Kind::Reti => return observer.on_return(Return { to, slot: sp.into() }),
            _ => return,
        };
        observer.on_call(Call { to, back: (self.at + words) * 2, slot: self.memory.sp.into() });
    }

    fn fault(&self, kind: FaultKind) -> State {
        State::Ended(self.end(kind))
    }

    /// Does everything due besides instructions. `None`: the instruction at PC comes next.
    fn events(&mut self, out: &mut Outside<'_>, until: u64) -> Option<State> {
        loop {
            self.tell_news(out.observer);
            self.timer.catch_up(self.t);
            if let Some((byte, end)) = self.uart.arriving
                && end <= self.t
            {
                out.observer.on_console_in(byte, self.t);
            }
            for byte in self.uart.catch_up(self.t).into_iter().flatten() {
                out.console.write(byte);
                out.observer.on_console_out(byte, self.t);
            }
            if let Err(kind) = self.settle_sp() {
                return Some(self.fault(kind));
            }
            if self.pause == Pause::Returned {
                return Some(State::Ended(self.returned()));
            }
            if self.t >= out.typist.limit.deadline() {
                if self.pause != Pause::Asleep {
                    self.at = self.pc;
                }
                return Some(self.fault(FaultKind::TimeLimit { limit: out.typist.limit.cycles() }));
            }
            if self.t >= until {
                return Some(State::Running);
            }
            let interrupts = self.memory.sreg & alu::I != 0;
            if interrupts
                && !self.held
                && let Some((vector, source)) = self.request()
            {
                if let Err(kind) = self.accept(vector, source, out.observer) {
                    return Some(self.fault(kind));
                }
                continue;
            }
            self.feed(out);
            let next = self.uart.next_event().min(self.timer.next_event());
            if let Some(end) = self.stuck(next, out.typist) {
                return Some(State::Ended(end));
            }
            let mut next = next.min(until).min(out.typist.limit.deadline());
            if let Typing::Every(_) = out.typist.typing
                && self.uart.receives()
                && !out.typist.over
                && self.uart.arriving.is_none()
            {
                next = next.min(out.typist.next.max(self.t + 1));
            }
            if self.pause == Pause::Asleep {
                out.observer.on_sleep(self.at * 2, self.t, next);
                self.asleep += next - self.t;
                self.t = next;
                continue;
            }
            self.pause = Pause::None;
            // The instruction that is let through before an interrupt, or before SP counts.
            let look_again = self.held || self.sp_settles > 0;
            self.held = false;
            self.due = if look_again { 0 } else { next };
            return None;
        }
    }

    fn tell_news(&mut self, observer: &mut dyn Observer<Avr>) {
        for news in self.news.drain(..) {
            match news {
                News::Marker(value) => observer.on_marker(value, self.t),
                News::Pins(pins) => observer.on_pins(pins, self.t),
            }
        }
    }

    /// Looks at an SP that the program has written, when both halves must be there.
    fn settle_sp(&mut self) -> Result<(), FaultKind> {
        if self.sp_settles > 0 {
            self.sp_settles -= 1;
            if self.sp_settles == 0 {
                let sp = self.memory.sp;
                // SP points below the last byte in use.
                let reached = sp.saturating_add(1);
                if reached < self.lowest_sp {
                    return Err(FaultKind::StackOverflow { reached, lowest: self.lowest_sp });
                }
                self.low_water = self.low_water.min(sp);
            }
        }
        Ok(())
    }

    /// The request with the lowest vector.
    fn request(&self) -> Option<(u8, Source)> {
        let timer = self.device.timer1.into_iter().flat_map(|registers| {
            let [a, b, overflow] = registers.vectors;
            [(a, timer::OCFA), (b, timer::OCFB), (overflow, timer::TOV)]
        });
        let timers = timer
            .filter(|&(_, flag)| self.timer.flags & self.timer.mask & flag != 0)
            .map(|(vector, flag)| (vector, Source::Timer(flag)));
        let uart = self.device.uart.into_iter().flat_map(|registers| {
            let first = registers.first_vector;
            [(first, uart::RXC), (first + 1, uart::UDRE), (first + 2, uart::TXC)]
        });
        let requests = self.uart.requests();
        let uarts =
            uart.filter(|&(_, flag)| requests & flag != 0).map(|(vector, flag)| (vector, Source::Uart(flag)));
        timers.chain(uarts).min_by_key(|&(vector, _)| vector)
    }

    fn accept(
        &mut self,
        vector: u8,
        source: Source,
        observer: &mut dyn Observer<Avr>,
    ) -> Result<(), FaultKind> {
        let before = self.t;
        self.at = self.pc;
        let target = u32::from(vector) * self.device.vector_bytes() / 2;
        if self.ops.get(target as usize).is_some_and(|op| op.kind == Kind::Erased) {
            return Err(FaultKind::MissingHandler { vector });
        }
        let back = self.pc * 2;
        self.push_pc(self.pc)?;
        self.memory.sreg &= !alu::I;
        match source {
            Source::Timer(flag) => self.timer.flags &= !flag,
            Source::Uart(uart::TXC) => self.uart.acknowledge_transmitted(),
            // RX complete and data register empty go away with what the handler does.
            Source::Uart(_) => {}
        }
        self.t += INTERRUPT + self.wide() + if self.pause == Pause::Asleep { WAKE_UP } else { 0 };
        self.jump(target);
        if observer.wants_calls() {
            observer.on_call(Call { to: target * 2, back, slot: self.memory.sp.into() });
        }
        if observer.wants_instructions() {
            observer.on_instruction(target * 2, before, self.t);
        }
        Ok(())
    }

    /// Whether the program does nothing but wait.
    fn is_waiting(&self) -> bool {
        match self.pause {
            Pause::None => self.polls.0 >= POLLS,
            Pause::Returned => false,
            Pause::Asleep | Pause::Spinning => {
                self.memory.sreg & alu::I != 0 && self.uart.enabled() & uart::RXC != 0
            }
        }
    }

    /// Lets the next byte begin, if it is time.
    fn feed(&mut self, out: &mut Outside<'_>) {
        let typist = &mut *out.typist;
        if typist.over || !self.uart.receives() || self.uart.arriving.is_some() || self.t < typist.next {
            return;
        }
        let waiting = self.is_waiting() && self.uart.is_quiet() && self.uart.wants_input();
        let frame = self.uart.frame_cycles();
        let (ready, every) = match typist.typing {
            Typing::WhenWaiting => (waiting, frame),
            Typing::Every(cycles) => match out.console.ready() {
                Readiness::Byte | Readiness::End => (true, cycles.max(frame)),
                // With nothing else to do, wait for it here.
                Readiness::Nothing => (waiting && !self.timer.is_armed(), cycles.max(frame)),
            },
        };
        if !ready {
            if let Typing::Every(_) = typist.typing {
                typist.next = self.t + frame;
            }
            return;
        }
        match out.console.read() {
            Input::Byte(byte) => {
                typist.limit.restart(self.t);
                self.uart.arriving = Some((byte, self.t + frame));
                typist.next = self.t + every;
            }
            Input::End => typist.over = true,
        }
    }

    /// Why nothing will happen any more, if so. `next`: when UART or timer are due.
    fn stuck(&self, next: u64, typist: &Typist) -> Option<End> {
        let asleep = match self.pause {
            Pause::None if self.polls.0 < POLLS => return None,
            pause => pause == Pause::Asleep,
        };
        let interrupts = self.memory.sreg & alu::I != 0;
        // What has been written still goes out.
        if self.pause != Pause::None && !interrupts && self.uart.is_quiet() {
            return Some(End::Exit(if asleep { Exit::Sleep } else { Exit::Stop }));
        }
        if next != u64::MAX || !interrupts && self.pause != Pause::None {
            return None;
        }
        if self.is_waiting() && self.uart.receives() {
            return typist.over.then_some(End::EndOfInput);
        }
        match self.pause {
            Pause::None | Pause::Returned => None,
            Pause::Asleep => Some(self.end(FaultKind::SleepForever)),
            Pause::Spinning => Some(self.end(FaultKind::EndlessLoop)),
        }
    }
}
