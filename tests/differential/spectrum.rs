//! The ZX Spectrum: the same networks, exact, within its memory. Each query is typed.

use super::support::{self, Random};
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{CompileError, Compiled, Image, eval, ir::Form, reference};
use mlc_runtime_z80::{
    End, Fault, FaultKind, Memory, NoObserver, Observer, Script, SpectrumConfig, SpectrumMachine, Symbols,
};

/// What a run of a query showed.
struct Ran {
    reply: Vec<u8>,
    logits: Vec<Vec<i16>>,
    /// From Enter to the wait for the next line.
    t_states: u64,
}

struct Watch<'a> {
    image: &'a Image,
    logits: Vec<Vec<i16>>,
    asked: u64,
}

impl Observer for Watch<'_> {
    fn on_watch(&mut self, _: u16, memory: &Memory, _: u64) {
        self.logits.push(self.image.logits.read(|address| memory.byte(address)));
    }

    fn on_line_end(&mut self, t: u64) {
        self.asked = t;
    }
}

/// Loads the tape, types the query, and takes what stands between it and the next prompt.
fn run(name: &str, image: &Image, query: &[u8]) -> Ran {
    let symbols: Symbols = image.assembly.symbols.iter().map(|(n, &a)| (a, n.clone())).collect();
    let lowest_sp = image.assembly.symbols.get("stack").copied();
    // Below its own stack there is BASIC's, on which the program starts.
    assert!(lowest_sp.is_some());
    let config = SpectrumConfig { symbols, limit: Some(2_000_000_000), ..SpectrumConfig::default() };
    let console = Script::new(&[query, b"\r"].concat());
    let tape = image.file(ImageKind::Tap, name);
    let mut machine = SpectrumMachine::load_tape(&tape, console, config).expect("the tape is whole");
    machine.watch(image.logits.ready as u16);
    let mut watch = Watch { image, logits: vec![], asked: 0 };
    match machine.run(&mut watch) {
        End::EndOfInput => {}
        other => panic!("{name} does not ask again: {other:?}"),
    }
    let t_states = machine.t_states() - watch.asked;
    let output = machine.console().output();
    let title = format!("{name}. Type a line; ! ends.\r\n> \r\n");
    let reply = output.strip_prefix(title.as_bytes()).and_then(|text| text.strip_suffix(b"\r\n> "));
    let reply = reply.unwrap_or_else(|| panic!("{name} prints {:?}", output.escape_ascii().to_string()));
    Ran { reply: reply.to_vec(), logits: watch.logits, t_states }
}

fn compile(model: &Model, form: Option<Form>) -> Result<Compiled, CompileError> {
    support::compile_for("zx48", model, form, &[])
}

/// Mean T-states a step over queries, all of them exact.
pub fn exact<'q>(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    queries: impl IntoIterator<Item = &'q [u8]>,
) -> f64 {
    let graph = reference(model).expect("the model was checked");
    let (mut t_states, mut steps) = (0, 0);
    for query in queries {
        let wants = eval::run(&graph, query);
        let ran = run(&model.name, &compiled.image, query);
        let shown = query.escape_ascii();
        assert_eq!(ran.logits, wants.logits, "{} {what}: logits for \"{shown}\"", model.name);
        // Outside of the screen's characters there are question marks.
        let reply: Vec<u8> =
            wants.reply.iter().map(|b| if (32..128).contains(b) { *b } else { b'?' }).collect();
        assert_eq!(ran.reply, reply, "{} {what}: reply to \"{shown}\"", model.name);
        t_states += ran.t_states;
        steps += wants.steps();
    }
    assert!(steps > 0, "{} {what}: no query", model.name);
    t_states as f64 / steps as f64
}

#[test]
fn the_project_s_own_models_fit_and_are_exact() {
    for name in ["tinychat", "guess", "commands"] {
        let (model, prompts) = support::own(name);
        let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        let t_states = exact(&model, &compiled, "auto", prompts.iter().map(Vec::as_slice));
        eprintln!("{name} on zx48: {t_states:.0} T-states a step, {} bytes", compiled.image.bytes.len());
    }
}

#[test]
fn the_published_networks_fit_and_are_exact() {
    for (name, most) in [("tinychat", 450_000.0), ("guess", 450_000.0)] {
        let Some(model) = support::published(name) else { return };
        let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        // What the memory has left goes into lists for the columns used most.
        assert!(compiled.plan.quick.iter().any(|columns| columns.contains(&true)), "{name}");
        let expected = support::expected(name);
        let queries = expected.iter().map(|(prompt, _)| prompt.as_bytes());
        let t_states = exact(&model, &compiled, "auto", queries);
        eprintln!("{name} on zx48: {t_states:.0} T-states a step, {} bytes", compiled.image.bytes.len());
        assert!(t_states <= most, "{name}: {t_states:.0} T-states a step");
        let queries: Vec<_> = expected.iter().map(|(prompt, _)| prompt.clone().into_bytes()).collect();
        let predicted = compiled.plan.predict(compiled.graph(), &queries).total();
        let error = (predicted / t_states - 1.0).abs();
        assert!(error < 0.01, "{name}: predicted {predicted:.0}, simulated {t_states:.0}");
    }
}

#[test]
fn random_networks_are_exact_in_every_form() {
    let mut compared = 0;
    for seed in 0..24 {
        let model = support::model(seed);
        let mut r = Random(seed ^ 0x5BEC);
        let longest = usize::from(model.query.max_length);
        let mut queries: Vec<_> = (0..2).map(|_| support::query(&mut r, longest)).collect();
        queries.retain(|q| !matches!(q.trim_ascii(), b"" | b"!"));
        for form in std::iter::once(None).chain(Form::ALL.map(Some)) {
            let compiled = match compile(&model, form) {
                Ok(compiled) => compiled,
                Err(CompileError::TooLarge { .. }) => continue,
                Err(error) => panic!("{}: {error}", model.name),
            };
            exact(&model, &compiled, form.map_or("auto", Form::name), queries.iter().map(Vec::as_slice));
            compared += 1;
        }
    }
    eprintln!("{compared} programs compared");
    assert!(compared >= 60, "only {compared} programs fit the Spectrum");
}

#[test]
fn on_16_kb_basic_reports_what_is_missing() {
    let (model, _) = support::own("commands");
    let image = compile(&model, None).expect("it fits").image;
    let config = SpectrumConfig { memory_last: 0x7FFF, ..SpectrumConfig::default() };
    let tape = image.file(ImageKind::Tap, "commands");
    let mut machine = SpectrumMachine::load_tape(&tape, Script::new(b""), config).expect("the tape is whole");
    let before = machine.memory().bytes().to_vec();
    match machine.run(&mut NoObserver) {
        End::Fault(Fault { kind, .. }) => assert_eq!(kind, FaultKind::Report { number: 4 }),
        other => panic!("it goes on: {other:?}"),
    }
    // Nothing but the return address on the stack has been written.
    let after = machine.memory().bytes();
    let written = (0..0x10000).filter(|&at| before[at] != after[at]).count();
    assert!(written <= 2, "{written} bytes written");
}
