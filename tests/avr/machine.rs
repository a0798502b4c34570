//! Compiling for a chip, and running the image there with a console that is no device.

use mlc_compiler::kernel::sensors::lower;
use mlc_compiler::model::Model;
use mlc_compiler::plan::Demands;
use mlc_compiler::target::{Core, Cpu, Machine, Profile};
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, CompileError, Compiled, Request, Target, compile};
use mlc_runtime_avr::{
    ATMEGA328P, ATMEGA1284P, ATMEGA2560, ATTINY85, Avr, AvrConfig, AvrMachine, Device, End, Exit, Memory,
    NoObserver, Observer, Program, Script, SerialFlash,
};

/// A board without anything at its pins.
const BOARD: &str = "( about: \"a board\", device: \"atmega328p\", clock_hz: 16_000_000, baud: 9_600, supply_millivolts: 5_000, \
     upload: (programmer: \"arduino\") )";
/// How all consoles of the tests start and stop.
const CONSOLE: &str = include_str!("console.S");
/// A line, and `emit`.
const BARE: &str = include_str!("bare.S");
/// The same for several lines.
const TYPED: &str = include_str!("typed.S");
/// The same for a line of numbers.
const NUMBERS: &str = include_str!("numbers.S");
/// The same, where a test writes the values itself.
const VALUES: &str = include_str!("values.S");
/// The same, where a test hands values over.
const HANDED: &str = include_str!("handed.S");
/// What tools read and switch there.
const TOOLS: &str = include_str!("tools.S");
/// The address of GPIOR0 for `out` on the chips.
const MARKERS: [(&str, &str); 4] =
    [("atmega328p", "0x1E"), ("atmega1284p", "0x1E"), ("atmega2560", "0x1E"), ("attiny85", "0x11")];

/// A chip as a target.
pub struct Chip {
    pub device: &'static Device,
    pub core: Core,
    pub target: Target,
    assets: Assets,
}

impl Chip {
    pub fn new(device: &'static Device, core: Core, flash: usize) -> Self {
        Self::with(BARE, device, core, flash)
    }

    /// The same chip, which answers several lines.
    pub fn talking(self) -> Self {
        Self::with(TYPED, self.device, self.core, self.target.flash.expect("a chip has flash"))
    }

    /// The same chip, for lines of numbers of up to 699 bytes, of 99 where RAM is small.
    pub fn numbers(self) -> Self {
        let console = match self.core {
            Core::Avr25 => NUMBERS.replace(".skip 700", ".skip 100"),
            _ => NUMBERS.to_owned(),
        };
        Self::with(&console, self.device, self.core, self.target.flash.expect("a chip has flash"))
    }

    /// The same chip, for values that [`Chip::run_values`] writes.
    pub fn values(self) -> Self {
        Self::with(VALUES, self.device, self.core, self.target.flash.expect("a chip has flash"))
    }

    /// The same chip, for values that [`Chip::run_values`] hands over.
    pub fn handed(self) -> Self {
        Self::with(HANDED, self.device, self.core, self.target.flash.expect("a chip has flash"))
    }

    /// The same chip with so many bytes of RAM.
    pub fn with_ram(mut self, bytes: usize) -> Self {
        self.target.memory_end = self.target.origin + bytes as u16;
        self
    }

    /// The same, with so many bytes more before the program's code: an even number.
    pub fn padded(mut self, bytes: usize) -> Self {
        let console = self.assets.templates().find(|(name, _)| *name == "bare.S").expect("it is set").1;
        let padded = format!("{console}        .skip {bytes}\n");
        self.assets.set_template("bare.S", &padded);
        self
    }

    /// The same, with tools whose values are those of [`Chip::talk_reading`].
    pub fn with_tools(self) -> Self {
        let console = [TYPED, TOOLS].concat();
        Self::with(&console, self.device, self.core, self.target.flash.expect("a chip has flash"))
    }

    fn with(console: &str, device: &'static Device, core: Core, flash: usize) -> Self {
        let end = device.ram_end();
        let target = Target {
            name: device.name.into(),
            about: String::new(),
            cpu: Cpu::Avr(core),
            clock_hz: 16_000_000,
            machine: Machine::Cpm,
            images: vec![],
            contended: None,
            banks: Vec::new(),
            keeps_alternate: false,
            fetch_wait: 0,
            rom: None,
            origin: device.sram_start,
            image_end: 0,
            memory_end: end + 1,
            flash: Some(flash),
            stack: 48,
            longest_query: 127,
            console: "bare.S".into(),
            spi_flash: None,
            board: None,
        };
        let mut assets = Assets::builtin();
        let marker =
            MARKERS.iter().find(|(name, _)| *name == device.name).expect("the tests know four chips").1;
        let (body, rest) = console.split_once("; ----\n").expect("a console's parts are parted");
        let text = CONSOLE.replace("{{ body }}", body).replace("{{ rest }}", rest);
        let text = text.replace("{{ stack_top }}", &end.to_string()).replace("0x1E", marker);
        let jump = if core == Core::Avr25 { "rjmp" } else { "jmp" };
        let call = if core == Core::Avr25 { "rcall" } else { "call" };
        let text = text.replace("{{ jump }}", jump).replace("{{ call }}", call);
        assets.set_template("bare.S", &text);
        Self { device, core, target, assets }
    }

    pub fn atmega328p() -> Self {
        Self::new(&ATMEGA328P, Core::Avr5, 32 << 10)
    }

    pub fn atmega1284p() -> Self {
        Self::new(&ATMEGA1284P, Core::Avr51, 128 << 10)
    }

    pub fn atmega2560() -> Self {
        Self::new(&ATMEGA2560, Core::Avr6, 256 << 10)
    }

    /// The same chip, with a flash chip at its SPI.
    pub fn with_flash(mut self) -> Self {
        let devices = self.assets.devices().expect("built-in devices are valid");
        let device =
            devices.iter().find(|device| device.name == self.target.name).expect("it is one of them");
        let spi = device.spi.as_ref().expect("it has an SPI");
        let field = format!("spi_flash: (select: \"{}\", bytes: 1_048_576), upload", spi.select);
        let text = BOARD.replace("atmega328p", &device.name).replacen("upload", &field, 1);
        let profile = Profile::read(&text, "test", "test.ron", &devices).expect("it is valid");
        self.target.spi_flash = profile.spi_flash;
        self
    }

    pub fn attiny85() -> Self {
        Self::new(&ATTINY85, Core::Avr25, 8 << 10)
    }

    pub fn compile(
        &self,
        model: &Model,
        encoding: Option<Form>,
        calibration: &[Vec<u8>],
    ) -> Result<Compiled, CompileError> {
        self.compile_as(model, &Demands::of(encoding), false, calibration)
    }

    pub fn compile_as(
        &self,
        model: &Model,
        demands: &Demands,
        wide: bool,
        calibration: &[Vec<u8>],
    ) -> Result<Compiled, CompileError> {
        compile(&Request { model, target: &self.target, assets: &self.assets, demands, wide, calibration })
    }

    /// Answers lines of 400 bytes together, where it is [`Chip::talking`]: all logits, and the answers, each with a new
    /// line behind it.
    pub fn talk(&self, compiled: &Compiled, lines: &[Vec<u8>]) -> (Vec<Vec<i16>>, Vec<u8>) {
        self.talk_reading(compiled, lines, &[])
    }

    /// The same, where tools read these values by their places.
    pub fn talk_reading(
        &self,
        compiled: &Compiled,
        lines: &[Vec<u8>],
        values: &[u16],
    ) -> (Vec<Vec<i16>>, Vec<u8>) {
        let line = |line: &Vec<u8>| [&[line.len() as u8], line.as_slice()].concat();
        let typed: Vec<u8> = lines.iter().flat_map(line).chain([255]).collect();
        assert!(typed.len() <= 400, "the console has 400 bytes");
        let mut machine = self.machine(compiled, &typed);
        for (at, byte) in (0..).zip(values.iter().flat_map(|value| value.to_le_bytes())) {
            let place = compiled.image.assembly.table["tool_values"].value as u16;
            assert!(machine.poke(place + at, byte));
        }
        machine.watch(compiled.image.logits.ready);
        let mut watch = Watch::new(compiled);
        match machine.run(&mut watch) {
            End::Exit(Exit::Stop) => (watch.all_logits(), watch.reply),
            other => panic!("{}: {other:?}", compiled.plan.layout.name),
        }
    }

    /// The chip with its program, and bytes that were typed.
    pub fn machine(&self, compiled: &Compiled, bytes: &[u8]) -> AvrMachine<Script> {
        let image = &compiled.image;
        let program = Program::from_bytes(&image.bytes, self.device).expect("the image fits the flash");
        let table = &image.assembly.table;
        let address = |name: &str| table[name].value;
        let symbols = table
            .iter()
            .filter(|(_, s)| s.section == Some(0))
            .map(|(name, s)| (s.value, name.clone()))
            .collect();
        let config = AvrConfig {
            limit: Some(1_000_000_000),
            lowest_sp: Some(image.memory_end as u16 - self.target.stack),
            symbols: Some(symbols),
            ..AvrConfig::default()
        };
        let mut machine = AvrMachine::new(program, Script::default(), config);
        if let (Some(chip), Some(file)) = (&self.target.spi_flash, &image.beside) {
            let flash = SerialFlash::new(chip.bytes.trailing_zeros() as u8, file.bytes.clone());
            assert!(machine.attach_flash((chip.select.port, chip.select.bit), flash.expect("it fits")));
        }
        let typed = address("typed") as u16;
        for (i, &byte) in bytes.iter().enumerate() {
            assert!(machine.poke(typed + i as u16, byte));
        }
        machine
    }

    /// Answers a query of up to 127 bytes.
    pub fn run(&self, compiled: &Compiled, query: &[u8]) -> Ran {
        let image = &compiled.image;
        let address = |name: &str| image.assembly.table[name].value;
        let mut machine = self.machine(compiled, query);
        assert!(machine.poke(address("typed_length") as u16, query.len() as u8));
        self.ran(compiled, machine)
    }

    /// Answers a line of numbers.
    pub fn run_numbers(&self, compiled: &Compiled, line: &[u8]) -> Ran {
        let machine = self.machine(compiled, &[line, &[0]].concat());
        self.ran(compiled, machine)
    }

    /// Runs a network on values, which are written where it has them, or, where it is [`Chip::handed`], are handed over.
    pub fn run_values(&self, compiled: &Compiled, model: &Model, values: &[i8]) -> Ran {
        let mut machine = self.machine(compiled, &[]);
        // Behind the start, while the program waits.
        machine.run_for(100_000, &mut NoObserver);
        if compiled.image.assembly.table.contains_key("value_given") {
            return self.hand_over(compiled, machine, values);
        }
        let (reader, body) = model.network().expect("a network on numbers");
        let net = lower(reader, body).expect("it was compiled");
        let array = &net.arrays[0];
        let base = compiled.image.assembly.table["net_a0"].value as u16;
        for (i, &value) in values.iter().enumerate() {
            let place = i / array.channels;
            let at = array.at((place / array.cols, place % array.cols)) + i % array.channels;
            assert!(machine.poke(base + at as u16, (i16::from(value) + 128) as u8));
        }
        self.ran(compiled, machine)
    }

    fn hand_over(&self, compiled: &Compiled, mut machine: AvrMachine<Script>, values: &[i8]) -> Ran {
        let table = &compiled.image.assembly.table;
        let [value, state] = ["typed", "typed_length"].map(|name| table[name].value as u16);
        let mut watch = Watch::new(compiled);
        machine.watch(watch.plays);
        machine.watch(watch.given);
        for &byte in values {
            assert!(machine.poke(value, byte as u8) && machine.poke(state, 1));
            let from = machine.cycles();
            while machine.memory().byte(state) != 0 {
                machine.run_for(300, &mut watch);
                assert!(machine.cycles() - from < 1_000_000_000, "{}: a value", compiled.plan.layout.name);
            }
        }
        assert!(machine.poke(state, 2));
        self.ran_from(compiled, machine, watch)
    }

    fn ran(&self, compiled: &Compiled, machine: AvrMachine<Script>) -> Ran {
        self.ran_from(compiled, machine, Watch::new(compiled))
    }

    fn ran_from(&self, compiled: &Compiled, mut machine: AvrMachine<Script>, mut watch: Watch) -> Ran {
        let image = &compiled.image;
        let address = |name: &str| image.assembly.table[name].value;
        for place in [image.logits.ready, address("query_taken"), address("answered")] {
            machine.watch(place);
        }
        watch.answered = address("answered");
        match machine.run(&mut watch) {
            End::Exit(Exit::Stop) => {}
            other => panic!("{} in {:?}: {other:?}", compiled.plan.layout.name, compiled.plan.layout.forms),
        }
        let logits = watch.all_logits();
        let label = u16::from_le_bytes([machine.memory().byte(24), machine.memory().byte(25)]);
        Ran {
            cycles: (watch.to - watch.from).saturating_sub(EMIT * watch.reply.len() as u64),
            reply: watch.reply,
            logits,
            label,
            ready: watch.values + watch.ready.saturating_sub(watch.from),
            stack: machine.stack_high_water(),
        }
    }
}

/// `out`, and `ret`, which the prediction does not know of.
const EMIT: u64 = 5;

/// What a program did with one query.
pub struct Ran {
    /// What it emitted.
    pub reply: Vec<u8>,
    pub logits: Vec<Vec<i16>>,
    /// r24 and r25 at the end.
    pub label: u16,
    /// From the call of `set_query` to the return of `net_answer`, without `emit`.
    pub cycles: u64,
    /// From the call of `net_answer` until the first results are there; before it what was computed while values were handed over.
    pub ready: u64,
    /// Bytes of stack.
    pub stack: u16,
}

struct Watch<'a> {
    compiled: &'a Compiled,
    answered: u32,
    /// Where a row of values is computed, and behind it; cycles between the two, and since when.
    plays: u32,
    given: u32,
    values: u64,
    since: Option<u64>,
    logits: Vec<Vec<i16>>,
    reply: Vec<u8>,
    from: u64,
    ready: u64,
    to: u64,
}

impl<'a> Watch<'a> {
    fn new(compiled: &'a Compiled) -> Self {
        // No instruction has an odd address.
        let address = |name: &str| compiled.image.assembly.table.get(name).map_or(1, |symbol| symbol.value);
        Self {
            compiled,
            answered: 1,
            plays: address("net_play"),
            given: address("value_given"),
            values: 0,
            since: None,
            logits: vec![],
            reply: vec![],
            from: 0,
            ready: 0,
            to: 0,
        }
    }

    /// A vector for each step, also where each logit is watched by itself.
    fn all_logits(&mut self) -> Vec<Vec<i16>> {
        let logits = &self.compiled.image.logits;
        if logits.count <= logits.accumulators.len() {
            return std::mem::take(&mut self.logits);
        }
        self.logits.concat().chunks(logits.count).map(<[i16]>::to_vec).collect()
    }
}

impl Observer<Avr> for Watch<'_> {
    fn on_watch(&mut self, address: u32, memory: &Memory, t: u64) {
        let image = &self.compiled.image;
        if address == image.logits.ready {
            self.logits.push(image.logits.read(|a| memory.byte(a)));
            self.ready = if self.ready == 0 { t } else { self.ready };
        } else if address == self.answered {
            self.to = t;
        } else if address == self.plays {
            self.since.get_or_insert(t);
        } else if address == self.given {
            self.values += self.since.take().map_or(0, |since| t - since);
        } else {
            self.from = t;
        }
    }

    fn on_marker(&mut self, value: u8, _: u64) {
        self.reply.push(value);
    }
}
