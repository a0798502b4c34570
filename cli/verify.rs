//! `mlc verify`: the machine against the reference, every reply and every logit.

use crate::args::VerifyArgs;
use crate::error::CliError;
use crate::oracle::Oracle;
use crate::prompts::{self, Chosen, Place, Prompt};
use crate::run::latin1;
use crate::sim::machine::Switched;
use crate::sim::{Answer, Simulator};
use crate::table::count;
use crate::targets::{self, REFERENCE};
use crate::tools::Readings;
use crate::{Outcome, files, progress, sensors};
use mlc_compiler::eval::{Run, argmax};
use mlc_compiler::model::{Answer as Meaning, Class, Model, Reader};
use mlc_compiler::{Assets, Request};
use serde::Serialize;
use std::io::Write;

/// Most lines of a conversation that is compared.
const TURNS: usize = 4;

/// Everything that was compared, as `--json` prints it.
#[derive(Debug, Default, Serialize)]
struct Tally {
    model: String,
    target: String,
    prompts: usize,
    /// Prompts that are too long for the machine, of those that are taken where nobody names any.
    left_out: usize,
    steps: usize,
    logits: usize,
    /// Prompts with a difference.
    differences: usize,
    first: Option<Difference>,
}

/// The first difference of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Difference {
    prompt: String,
    #[serde(flatten)]
    what: What,
    /// Replies of both.
    reference: String,
    machine: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What {
    Logit { step: usize, output: usize, means: String, reference_value: i16, machine_value: i16 },
    Steps { reference_steps: usize, machine_steps: usize },
    Reply,
    Expected { expected: String },
    Switch { name: String, reference_is_on: bool },
    Fault { fault: String },
}

pub fn run(args: &VerifyArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if args.target.name == REFERENCE {
        let message = "verify compares a machine with the reference: name a machine";
        return Err(CliError::Usage(message.into()));
    }
    let assets = Assets::builtin();
    let mut loaded = files::model(&args.model.path)?;
    let profile = args.target.profile.as_deref();
    let target = targets::to_run(&args.target.name, profile, &assets, &loaded.model)?;
    let target = targets::at_bdos(target, args.target.bdos)?;
    args.choice.apply(None, &mut loaded.model)?;
    let model = &loaded.model;
    let oracle = Oracle::new(model)?;
    let readings = Readings::new(model, Some(&target), &args.tools.tools)?;
    let demands = &args.plan.demands()?;
    let request = Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
    let compiled = mlc_compiler::compile(&request)?;
    let simulator = Simulator::new(&compiled.image, model, &target, None)
        .within(args.limit.max_cycles)
        .reading(readings.clone());
    let longest = simulator.longest();
    let place = Place::new(model, &target, longest);
    let Chosen { prompts, left_out } = match &args.data {
        Some(data) => Chosen { prompts: sensors::rows(data, model)?, left_out: 0 },
        None => prompts::choose(args.prompts.as_deref(), &loaded.found, place)?,
    };
    let random = args.random as usize;
    prompts::require(prompts.len() + random.min(longest), place)?;

    let (name, on) = (model.head.name.clone(), target.name.clone());
    let mut tally = Tally { model: name, target: on, left_out, ..Tally::default() };
    let bar = progress::bar(prompts.len() + random, "verify");
    let all = prompts.into_iter().chain(prompts::random(random, args.seed, place));
    for session in sessions(all, oracle.graph.keeps_conversation()) {
        let mut wants = oracle.asked(model, &readings);
        let mut switched = Switched::new();
        let mut machine = answers(&simulator, &session)?.into_iter();
        for prompt in &session {
            let mut reference = wants(prompt.query.as_bytes());
            keep(&mut switched, &reference.switched);
            reference.switched.clone_from(&switched);
            let shown = simulator.shown(&reference.reply);
            let machine = machine.next().expect("an answer for each prompt");
            tally.add(model, prompt, &reference, &shown, machine);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    prompts::require_step(tally.steps, place)?;
    if args.json {
        writeln!(out, "{}", targets::json(&tally))?;
    } else {
        tally.print(out)?;
    }
    Ok(if tally.differences == 0 { Outcome::Done } else { Outcome::Difference })
}

/// What is on and off behind some more switching.
fn keep(states: &mut Switched, switched: &[(String, bool)]) {
    for (name, on) in switched {
        states.retain(|(other, _)| other != name);
        states.push((name.clone(), *on));
    }
}

/// Prompts that are asked one after the other: several where the program keeps a conversation. One whose reply is expected
/// begins a conversation of its own.
fn sessions(prompts: impl Iterator<Item = Prompt>, keeps: bool) -> impl Iterator<Item = Vec<Prompt>> {
    let mut prompts = prompts.peekable();
    std::iter::from_fn(move || {
        let mut session = vec![prompts.next()?];
        if keeps && session[0].reply.is_none() {
            while session.len() < TURNS
                && let Some(next) = prompts.next_if(|next| next.reply.is_none())
            {
                session.push(next);
            }
        }
        Some(session)
    })
}

/// The machine's answers to a session, or why it has none.
///
/// # Errors
/// A prompt that cannot be typed.
fn answers(simulator: &Simulator, session: &[Prompt]) -> Result<Vec<Result<Answer, String>>, CliError> {
    let queries: Vec<&[u8]> = session.iter().map(|prompt| prompt.query.as_bytes()).collect();
    let answers = match simulator.keeps_conversation() {
        true => simulator.session(&queries, None),
        false => queries.iter().map(|query| simulator.ask(query, None)).collect(),
    };
    match answers {
        Ok(answers) => Ok(answers.into_iter().map(Ok).collect()),
        Err(CliError::Fault { fault, .. }) => Ok(session.iter().map(|_| Err(fault.clone())).collect()),
        Err(other) => Err(other),
    }
}

impl Tally {
    /// `shown`: the reference's reply as the machine's console shows it.
    fn add(
        &mut self,
        model: &Model,
        prompt: &Prompt,
        reference: &Run,
        shown: &[u8],
        machine: Result<Answer, String>,
    ) {
        self.prompts += 1;
        self.steps += reference.steps();
        self.logits += reference.logits.iter().map(Vec::len).sum::<usize>();
        let (what, reply) = match machine {
            Ok(answer) => (compare(model, prompt, reference, shown, &answer), latin1(&answer.reply)),
            Err(fault) => (Some(What::Fault { fault }), String::new()),
        };
        let Some(what) = what else { return };
        self.differences += 1;
        self.first.get_or_insert(Difference {
            prompt: prompt.query.clone(),
            what,
            reference: reference.text(),
            machine: reply,
        });
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let target = &self.target;
        if let Some(first) = &self.first {
            writeln!(out, "prompt \"{}\": {}", first.prompt, first.what.text(target))?;
            let width = target.len().max(REFERENCE.len());
            for (who, reply) in [(REFERENCE, &first.reference), (target.as_str(), &first.machine)] {
                writeln!(out, "  {who:<width$} \"{reply}\"")?;
            }
            if let What::Expected { expected } = &first.what {
                writeln!(out, "  {:<width$} \"{expected}\"", "expected")?;
            }
        }
        let counts = [count(self.prompts, "prompt"), count(self.steps, "step"), count(self.logits, "logit")];
        let verdict = match self.differences {
            0 => "all equal".to_string(),
            n => format!("{} with a difference", count(n, "prompt")),
        };
        writeln!(out, "{} on {target}: {}: {verdict}", self.model, counts.join(", "))?;
        Ok(())
    }
}

impl What {
    fn text(&self, target: &str) -> String {
        match self {
            Self::Logit { step, output, means, reference_value, machine_value } => format!(
                "step {step}, output {output} ({means}): reference {reference_value}, {target} {machine_value}"
            ),
            Self::Steps { reference_steps, machine_steps } => {
                format!("reference takes {}, {target} {machine_steps}", count(*reference_steps, "step"))
            }
            Self::Reply => "equal logits, but another reply".into(),
            Self::Expected { .. } => "not the reply that is expected".into(),
            Self::Switch { name, reference_is_on } => {
                let [is, not] = if *reference_is_on { ["on", "off"] } else { ["off", "on"] };
                format!("{name} is {is} behind it, and on {target} it is {not}")
            }
            Self::Fault { fault } => format!("{target} stops: {fault}"),
        }
    }
}

/// The first difference: logits in order, then their number, then what was printed, then what the prompt expects.
fn compare(model: &Model, prompt: &Prompt, reference: &Run, shown: &[u8], machine: &Answer) -> Option<What> {
    for (step, (wants, found)) in reference.logits.iter().zip(&machine.logits).enumerate() {
        if let Some(output) = (0..wants.len().max(found.len())).find(|&i| wants.get(i) != found.get(i)) {
            let value = |logits: &[i16]| logits.get(output).copied().unwrap_or(0);
            let chosen = [wants, found].map(|logits| meaning(model, argmax(logits)));
            let means = format!(
                "{}; the largest: reference {}, machine {}",
                meaning(model, output),
                chosen[0],
                chosen[1]
            );
            let (reference_value, machine_value) = (value(wants), value(found));
            return Some(What::Logit { step: step + 1, output, means, reference_value, machine_value });
        }
    }
    if reference.steps() != machine.logits.len() {
        return Some(What::Steps { reference_steps: reference.steps(), machine_steps: machine.logits.len() });
    }
    if shown != machine.reply {
        return Some(What::Reply);
    }
    // The pin of a switch may be that of a label, too: only what the model's tools switch is compared.
    let switches = model.sequence().map(|(.., story)| story.switches()).unwrap_or_default();
    let is_switched = |name: &str| switches.iter().any(|switch| switch.eq_ignore_ascii_case(name));
    for (name, is_on) in machine.switched.iter().flatten().filter(|(name, _)| is_switched(name)) {
        // What nobody has switched is off.
        let known = reference.switched.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let reference_is_on = known.is_some_and(|(_, on)| *on);
        if *is_on != reference_is_on {
            return Some(What::Switch { name: name.clone(), reference_is_on });
        }
    }
    let expected = prompt.reply.as_ref().filter(|expected| **expected != reference.text());
    expected.map(|expected| What::Expected { expected: expected.clone() })
}

/// What an output stands for.
fn meaning(model: &Model, output: usize) -> String {
    match &model.answer {
        Meaning::Chat(chat) => match chat.charset.get(output) {
            Some(_) if output + 1 == chat.charset.len() => "end mark".into(),
            Some(&c) => format!("'{}'", char::from(c).escape_default()),
            None => "none".into(),
        },
        Meaning::Story(story) if story.classifies() => {
            story.labels.get(output).map_or("none".into(), |label| format!("\"{label}\""))
        }
        Meaning::Story(_) => match &model.reader {
            Reader::Tokens(tokens) => tokens
                .tokenizer
                .pieces
                .get(output)
                .map_or("none".into(), |piece| format!("\"{}\"", piece.escape_ascii())),
            Reader::HashedText(_) | Reader::Sensors(_) => "none".into(),
        },
        Meaning::Numbers(numbers) => numbers.names.get(output).map_or("number".into(), Clone::clone),
        Meaning::Label { labels, .. } | Meaning::Class(Class { labels, .. }) => {
            labels.get(output).map_or("none".into(), |label| format!("\"{label}\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::model::{Body, HashedText, Head, QueryEncoder, Reader};

    fn model() -> Model {
        let query = QueryEncoder { buckets: 1, bands: 1, max_length: 62 };
        Model {
            head: Head { name: "m".into(), ..Head::default() },
            reader: Reader::HashedText(HashedText { query, context: None }),
            body: Body::Layers(Vec::new()),
            answer: Meaning::Label { labels: vec!["go".into(), "stop".into()], margin: 0 },
        }
    }

    fn tally(machine: Result<Answer, String>, expected: Option<&str>) -> (Tally, String) {
        let prompt = Prompt { query: "q".into(), reply: expected.map(Into::into) };
        let reference = Run { reply: b"go".to_vec(), logits: vec![vec![3, -1]], ..Run::default() };
        let mut tally = Tally { model: "m".into(), target: "z80-cpm".into(), ..Tally::default() };
        tally.add(&model(), &prompt, &reference, b"go", machine);
        let mut text = Vec::new();
        tally.print(&mut text).unwrap();
        (tally, String::from_utf8(text).unwrap())
    }

    fn answer(reply: &[u8], logits: &[&[i16]]) -> Result<Answer, String> {
        let logits = logits.iter().map(|l| l.to_vec()).collect();
        Ok(Answer { reply: reply.to_vec(), logits, ..Answer::default() })
    }

    #[test]
    fn equal_is_equal() {
        let (tally, text) = tally(answer(b"go", &[&[3, -1]]), Some("go"));
        assert_eq!(tally.differences, 0);
        assert_eq!(text, "m on z80-cpm: 1 prompt, 1 step, 2 logits: all equal\n");
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        let end = "m on z80-cpm: 1 prompt, 1 step, 2 logits: 1 prompt with a difference\n";
        let cases = [
            (
                answer(b"stop", &[&[3, 4]]),
                None,
                "prompt \"q\": step 1, output 1 (\"stop\"; the largest: reference \"go\", machine \"stop\"): \
                 reference -1, z80-cpm 4\n  reference \"go\"\n  z80-cpm   \"stop\"\n",
            ),
            (
                answer(b"go", &[]),
                None,
                "prompt \"q\": reference takes 1 step, z80-cpm 0\n  reference \"go\"\n  z80-cpm   \"go\"\n",
            ),
            (
                answer(b"stop", &[&[3, -1]]),
                None,
                "prompt \"q\": equal logits, but another reply\n  reference \"go\"\n  z80-cpm   \"stop\"\n",
            ),
            (
                answer(b"go", &[&[3, -1]]),
                Some("stop"),
                "prompt \"q\": not the reply that is expected\n  reference \"go\"\n  z80-cpm   \"go\"\n  \
                 expected  \"stop\"\n",
            ),
            (
                Err("at start (0100h): HALT".into()),
                None,
                "prompt \"q\": z80-cpm stops: at start (0100h): HALT\n  reference \"go\"\n  z80-cpm   \"\"\n",
            ),
        ];
        for (machine, expected, wants) in cases {
            let (tally, text) = tally(machine, expected);
            assert_eq!(tally.differences, 1);
            assert_eq!(text, format!("{wants}{end}"));
        }
    }
}
