//! The whole program on the machine: the chat loop, the ways out, too little memory, and the project's
//! own models.

use super::support::{self, own};
use mlc_compiler::model::{Answer, Model};
use mlc_compiler::{Image, eval, reference};
use mlc_runtime_z80::{ClockInterrupt, CpmConfig, CpmMachine, End, Exit, Isr, LoadError, NoObserver, Script};

fn image(model: &Model) -> Image {
    support::compile_for_cpm(model, None, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help())).image
}

/// Runs a program without a command tail; what is typed ends each line with CR.
fn chat(image: &Image, typed: &[u8]) -> (End, String) {
    let config = CpmConfig { limit: Some(2_000_000_000), ..CpmConfig::default() };
    let mut machine =
        CpmMachine::load(&image.bytes, b"", Script::new(typed), config).expect("the image loads");
    let end = machine.run(&mut NoObserver);
    (end, String::from_utf8_lossy(machine.console().transcript()).into_owned())
}

#[test]
fn the_project_s_own_models_are_exact() {
    for name in ["tinychat", "guess", "commands"] {
        let (model, prompts) = own(name);
        let image = image(&model);
        let graph = reference(&model).expect("the model was checked");
        let (mut t_states, mut steps) = (0, 0);
        for prompt in &prompts {
            let run = eval::run(&graph, prompt);
            let ran = support::run(&image, prompt, CpmConfig::default());
            assert_eq!(ran.reply, run.reply, "{name} answers {:?}", prompt.escape_ascii().to_string());
            assert_eq!(ran.logits, run.logits, "{name}: logits for {:?}", prompt.escape_ascii().to_string());
            t_states += ran.t_states;
            steps += run.steps();
        }
        eprintln!("{name}: {} T-states a step, {} bytes", t_states / steps as u64, image.bytes.len());
    }
}

/// With interrupts on and a CCP that is still there: what the console's cost was counted for. Letters are counted as small
/// ones; those of a command tail are capitals, which take 2 T-states more. The BDOS's `jp` and `ret`, 20 T-states, lie
/// before all phases.
#[test]
fn the_console_takes_what_is_predicted() {
    let queries = [b"hello".to_vec()];
    let model = support::classifier("console", 60, 1, &[9, 4], &[]);
    let compiled = support::compile_for_cpm(&model, None, &queries).expect("the model is small");
    let never = Some(ClockInterrupt { every: 1_000_000_000, isr: Isr::Minimal });
    let config = CpmConfig { interrupt: never, ..CpmConfig::default() };
    let (predicted, simulated) = support::phase(&compiled, &queries, &config, "console");
    let letters = 5.0;
    let printed = b"l0\r\n".len() as f64;
    assert_eq!(predicted + 2.0 * letters, simulated + 20.0 * printed);
}

#[test]
fn the_chat_loop_asks_answers_and_ends() {
    let (model, _) = own("tinychat");
    let image = image(&model);
    let graph = reference(&model).expect("the model was checked");
    let reply = |query: &[u8]| eval::run(&graph, query).text();
    let (end, screen) = chat(&image, b"hello\r\r   \rHow Are You?  \r!\r");
    let (hello, how) = (reply(b"hello"), reply(b"how are you?"));
    // BDOS function 10 echoes what is typed and the CR that ends it; the program writes CR LF behind it.
    let lines: Vec<_> = screen.split('\n').map(|l| l.replace('\r', "")).collect();
    assert_eq!(
        lines,
        [
            "tinychat. Type a line; ! ends.",
            "> hello",
            &hello,
            "> ",
            ">    ",
            "> How Are You?  ",
            &how,
            "> !",
            ""
        ],
        "{screen:?}"
    );
    assert!(matches!(end, End::Exit(_)), "{end:?}");
}

#[test]
fn control_c_at_an_empty_line_ends_the_chat() {
    let (model, _) = own("guess");
    let (end, screen) = chat(&image(&model), b"is it a lighthouse\r\x03");
    assert_eq!(end, End::Exit(Exit::ControlC), "{screen:?}");
    assert!(screen.contains("WIN"), "{screen:?}");
}

#[test]
fn a_small_program_returns_to_the_ccp_and_a_large_one_starts_it_anew() {
    for (name, way_out) in [("commands", Exit::Return), ("tinychat", Exit::Return)] {
        let (model, _) = own(name);
        let (end, _) = chat(&image(&model), b"!\r");
        assert_eq!(end, End::Exit(way_out), "{name} lies below the CCP");
    }
    // Here the CCP lies in the program's buffers, and would be gone when it returned.
    let (model, prompts) = own("commands");
    let image = image(&model);
    let bdos = (image.memory_end as u16 + 0x0806 - 0x100) & 0xFF00 | 6;
    let config = CpmConfig { bdos, ..CpmConfig::default() };
    let mut machine =
        CpmMachine::load(&image.bytes, &prompts[0], Script::new(b""), config).expect("it loads");
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::WarmBoot));
    assert!(machine.console().output().ends_with(b"\r\n"));
}

#[test]
fn too_little_memory_is_said_and_nothing_is_touched() {
    let (model, _) = own("commands");
    let Answer::Label { .. } = model.answer else { panic!("commands is a classifier") };
    let image = image(&model);
    let short = (image.memory_end as u16 - 1) & 0xFF00 | 6;
    assert!(usize::from(short) < image.memory_end);
    let config = CpmConfig { bdos: short, ..CpmConfig::default() };
    match CpmMachine::load(&image.bytes, b"on", Script::new(b""), config) {
        Ok(mut machine) => {
            assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
            let needs = format!("not enough memory: BDOS below {:04X}h\r\n", image.memory_end);
            assert_eq!(String::from_utf8_lossy(machine.console().output()), needs);
        }
        // The CCP itself may refuse the file first.
        Err(LoadError::TooLarge { .. }) => panic!("choose a model with larger buffers for this test"),
        Err(other) => panic!("{other}"),
    }
}
