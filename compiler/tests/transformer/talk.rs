//! Chats and drawn tokens, several lines one after the other, against a plain version of docs/semantics.md.

use crate::plain::Network;
use crate::random::Random;
use crate::stories;
use crate::transformers::{self, Shape, queries, story, story_mut, tokens};
use mlc_compiler::eval::Session;
use mlc_compiler::ir::{self, Graph};
use mlc_compiler::model::{Action, Choice, Draw, Model, Penalty, Tool, Turns};
use mlc_compiler::pass;
use mlc_compiler::valid::validate;

/// A conversation as plainly as possible.
struct Talk<'m> {
    model: &'m Model,
    network: Network<'m>,
    read: Vec<u32>,
    random: u32,
    /// What tools read, and what they have switched.
    inputs: Vec<(String, u16)>,
    switched: Vec<(String, bool)>,
}

impl<'m> Talk<'m> {
    fn new(model: &'m Model) -> Self {
        let random = story(model).choice.draw.map_or(0, |draw| draw.seed.into());
        let (inputs, switched) = (vec![], vec![]);
        Self { model, network: Network::new(model), read: vec![], random, inputs, switched }
    }

    fn clear(&mut self) {
        (self.network, self.read) = (Network::new(self.model), vec![]);
    }

    /// The logits at each token that was chosen, and the reply.
    fn say(&mut self, line: &[u8]) -> (Vec<Vec<i16>>, Vec<u8>) {
        let (tokenizer, story) = (&tokens(self.model).tokenizer, story(self.model));
        let most = usize::from(story.most);
        let keeps = story.turns.as_ref().is_some_and(|turns| turns.keeps);
        if keeps && line.eq_ignore_ascii_case(b"/clear") {
            self.clear();
            return (vec![], vec![]);
        }
        if !keeps {
            self.clear();
        }
        let mut waiting = match &story.turns {
            None => tokenizer.tokens(line),
            Some(turns) => self.framed(turns, line, most),
        };
        waiting.truncate(most - self.read.len());
        let (mut chosen, mut reply) = (vec![], vec![]);
        while !waiting.is_empty() {
            let mut logits = vec![];
            for token in waiting.drain(..) {
                self.read.push(token);
                logits = self.network.next(token);
            }
            let token = self.choose(&logits);
            chosen.push(logits);
            if let Some(label) = story.labels.get(token as usize) {
                reply.extend(label.bytes());
                break;
            }
            if story.ends.contains(&token) {
                break;
            }
            if !story.tools.iter().any(|tool| tool.token == token) {
                reply.extend(&tokenizer.pieces[token as usize]);
            }
            waiting.push(token);
            let (text, tokens) = self.acted(token);
            reply.extend(text);
            waiting.extend(tokens);
            waiting.truncate(most - self.read.len());
        }
        (chosen, reply)
    }

    /// What a token that names an action prints, and what waits behind it.
    fn acted(&mut self, token: u32) -> (Vec<u8>, Vec<u32>) {
        let tool = story(self.model).tools.iter().find(|tool| tool.token == token);
        match tool.map(|tool| (&tool.name, &tool.action)) {
            None => (vec![], vec![]),
            Some((name, Action::Switch { on })) => {
                self.switched.push((name.clone(), *on));
                (vec![], vec![])
            }
            Some((name, Action::Read { close })) => {
                let value =
                    self.inputs.iter().find(|(other, _)| other == name).map_or(0, |(_, value)| *value);
                let text = format!("{value}").into_bytes();
                let start = &tokens(self.model).tokenizer.alphabet.start;
                let digits = text.iter().map(|digit| start[&vec![*digit]]).collect::<Vec<u32>>();
                (text, [digits, close.clone()].concat())
            }
        }
    }

    fn framed(&mut self, turns: &Turns, line: &[u8], most: usize) -> Vec<u32> {
        let mut bare = tokens(self.model).tokenizer.clone();
        (bare.adds_bos, bare.adds_eos) = (false, false);
        let line = bare.tokens(line);
        if line.is_empty() {
            return vec![];
        }
        let turn = [turns.before.clone(), line, turns.after.clone()].concat();
        if !self.read.is_empty() && self.read.len() + turns.close.len() + turn.len() > most - most / 8 {
            self.clear();
        }
        let front = if self.read.is_empty() { &turns.start } else { &turns.close };
        [front.clone(), turn].concat()
    }

    fn choose(&mut self, logits: &[i16]) -> u32 {
        let Choice { draw, penalty, .. } = story(self.model).choice;
        let mut logits: Vec<i64> = logits.iter().map(|&l| l.into()).collect();
        if let Some(Penalty { recent, .. }) = penalty {
            let [above, below] = penalty.expect("there is one").mantissas().map(i64::from);
            for (token, logit) in logits.iter_mut().enumerate() {
                if self.read.iter().rev().take(recent.into()).any(|&t| t as usize == token) {
                    *logit = if *logit > 0 {
                        *logit * above / 256
                    } else {
                        (*logit * below).div_euclid(64).max(-32768)
                    };
                }
            }
        }
        let mut order: Vec<(i64, usize)> = logits.iter().enumerate().map(|(i, &l)| (-l, i)).collect();
        order.sort_unstable();
        let Some(draw) = draw else { return order[0].1 as u32 };
        self.random = [7i32, -9, 8].iter().fold(self.random, |x, &by| match by > 0 {
            true => (x ^ x << by) & 0xffff,
            false => x ^ x >> -by,
        });
        self.drawn(&draw, &order) as u32
    }

    fn drawn(&self, draw: &Draw, order: &[(i64, usize)]) -> usize {
        let rules = draw.rules(story(self.model).logit_bits);
        let of = |(minus, token): (i64, usize)| {
            let place = (minus - order[0].0) / (1 << rules.bits);
            (rules.weights.get(place as usize).copied().unwrap_or(0), token)
        };
        let likely: Vec<(u8, usize)> =
            order.iter().take(draw.top_k.into()).map(|&one| of(one)).filter(|(w, _)| *w > 0).collect();
        let sum = |of: &[(u8, usize)]| of.iter().map(|&(w, _)| u64::from(w)).sum::<u64>();
        let share = u64::from(rules.share);
        let enough = (1..=likely.len()).find(|&n| 256 * sum(&likely[..n]) >= share * sum(&likely));
        let likely = &likely[..enough.expect("all of them are enough")];
        let place = u64::from(self.random) * sum(likely) / 65_536;
        let found = (1..=likely.len()).find(|&n| sum(&likely[..n]) > place);
        likely[found.expect("a place below the sum") - 1].1
    }
}

fn graph(model: &Model) -> Graph {
    let graph = ir::build(model).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(validate(&graph, "build"), Ok(()));
    graph
}

fn drawn(seed: u64) -> (Model, Random) {
    let mut r = Random(seed);
    let mut model = Shape::random(&mut r).model(&mut r);
    stories::talk(&mut model, &mut r);
    (model, r)
}

/// Lines of a session, and the command that clears a conversation.
fn lines(r: &mut Random) -> Vec<Vec<u8>> {
    let mut lines = [queries(r), queries(r), vec![b"/clear".to_vec()], queries(r)].concat();
    let at = r.within(0, lines.len());
    lines.insert(at, vec![]);
    lines
}

#[test]
fn sessions_are_what_is_written() {
    let (mut steps, mut cleared, mut gone_on) = (0, 0, 0);
    for seed in 0..400 {
        let (model, mut r) = drawn(seed);
        let graph = graph(&model);
        let (mut session, mut talk) = (Session::new(&graph), Talk::new(&model));
        for line in lines(&mut r) {
            let before = session.position();
            let run = session.ask(&line);
            let (logits, reply) = talk.say(&line);
            assert_eq!(run.logits, logits, "seed {seed}, {line:?}, {:?}", story(&model));
            assert_eq!(run.reply, reply, "seed {seed}, {line:?}, {:?}", story(&model));
            let keeps = graph.keeps_conversation();
            assert!(!keeps || session.position() == talk.read.len(), "seed {seed}, {line:?}");
            steps += run.steps();
            let goes_on = keeps && before > 0 && run.steps() > 0;
            gone_on += usize::from(goes_on && session.position() > before);
            cleared += usize::from(goes_on && session.position() <= before);
        }
    }
    assert!(steps > 10_000 && gone_on > 200 && cleared > 200, "{steps} {gone_on} {cleared}");
}

#[test]
fn labels_are_those_of_the_last_position() {
    let mut said = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let mut r = Random(seed);
        let mut model = Shape::random(&mut r).model(&mut r);
        stories::labels(&mut model, &mut r);
        let graph = graph(&model);
        let (mut session, mut talk) = (Session::new(&graph), Talk::new(&model));
        for line in lines(&mut r) {
            let run = session.ask(&line);
            assert_eq!((run.logits, run.reply.clone()), talk.say(&line), "seed {seed}, {line:?}");
            said.insert(run.reply);
        }
        passes_change_nothing(seed, graph, &lines(&mut r), &[]);
    }
    assert!(said.len() > 8, "{said:?}");
}

/// A model with tools, some of them chats, and what is read.
fn drawn_with_tools(seed: u64) -> (Model, Random, Vec<(String, u16)>) {
    let mut r = Random(seed);
    let mut model = Shape::random(&mut r).model(&mut r);
    if r.chance(60) {
        stories::talk(&mut model, &mut r);
    }
    let inputs = stories::tools(&mut model, &mut r, true);
    (model, r, inputs)
}

#[test]
fn tools_do_what_is_written() {
    let (mut read, mut switched, mut cut) = (0, 0, 0);
    for seed in 0..400 {
        let (model, mut r, inputs) = drawn_with_tools(seed);
        let graph = graph(&model);
        let mut session = Session::new(&graph).reading(inputs.clone());
        let mut talk = Talk { inputs, ..Talk::new(&model) };
        for line in lines(&mut r) {
            let run = session.ask(&line);
            let (logits, reply) = talk.say(&line);
            let what = format!("seed {seed}, {line:?}, {:?}", story(&model));
            assert_eq!(run.logits, logits, "{what}");
            assert_eq!(run.reply, reply, "{what}");
            assert_eq!(run.switched, std::mem::take(&mut talk.switched), "{what}");
            switched += run.switched.len();
            read += usize::from(run.reply.iter().any(u8::is_ascii_digit));
            cut += usize::from(talk.read.len() == usize::from(story(&model).most));
        }
    }
    assert!(read > 500 && switched > 500 && cut > 500, "{read} {switched} {cut}");
}

/// A session is the same with the graph that each pass leaves.
#[track_caller]
fn passes_change_nothing(seed: u64, built: Graph, lines: &[Vec<u8>], inputs: &[(String, u16)]) {
    let all = |graph: &Graph| {
        let mut session = Session::new(graph).reading(inputs.to_vec());
        lines.iter().map(|line| session.ask(line)).collect::<Vec<_>>()
    };
    let wants = all(&built);
    let (reports, _) = pass::optimise(built, 127).unwrap_or_else(|e| panic!("{e}"));
    for report in reports {
        assert_eq!(all(&report.graph), wants, "seed {seed}, {}", report.pass);
    }
}

#[test]
fn passes_change_no_tool() {
    for seed in 0..60 {
        let (model, mut r, inputs) = drawn_with_tools(seed);
        passes_change_nothing(seed, graph(&model), &lines(&mut r), &inputs);
    }
}

/// Most that a number says: five digits and what closes it, as far as there is room.
#[test]
fn what_is_read_is_cut_where_there_is_no_room() {
    let mut model = transformers::small();
    tokens_of(&mut model);
    let start = &mut transformers::tokens_mut(&mut model).tokenizer.alphabet.start;
    start.extend((b'0'..=b'9').map(|digit| (vec![digit], 1)));
    let vocabulary = tokens(&model).tokenizer.pieces.len() as u32;
    let story = story_mut(&mut model);
    story.ends = vec![];
    // Whatever is chosen reads.
    story.tools = (0..vocabulary)
        .map(|token| Tool { token, name: "n".into(), action: Action::Read { close: vec![2, 3] } })
        .collect();
    for most in 2..20u16 {
        story_mut(&mut model).most = most;
        model.check().unwrap_or_else(|e| panic!("{e}"));
        let graph = graph(&model);
        let mut session = Session::new(&graph).reading([("n".to_string(), 65_535)]);
        let run = session.ask(b"");
        // The first step reads one token, each other one eight, the last what is left.
        let steps = 1 + usize::from(most - 1).div_ceil(8);
        assert_eq!((run.steps(), run.text()), (steps, "65535".repeat(steps)), "{most}");
        assert_eq!(session.position(), usize::from(most));
    }
}

#[test]
fn passes_change_no_session() {
    for seed in 0..100 {
        let (model, mut r) = drawn(seed);
        passes_change_nothing(seed, graph(&model), &lines(&mut r), &[]);
    }
}

/// What is drawn goes on over queries, and starts anew with the program.
#[test]
fn random_numbers_go_on() {
    let mut model = transformers::small();
    let story = story_mut(&mut model);
    (story.ends, story.most) = (vec![], 9);
    story.choice.draw = Some(Draw { temperature: 10_000, ..Draw::default() });
    tokens_of(&mut model);
    let graph = graph(&model);
    let mut session = Session::new(&graph);
    let runs: Vec<_> = (0..8).map(|_| session.ask(b"a").logits).collect();
    assert!(runs.iter().any(|run| run != &runs[0]), "another draw, another text");
    assert_eq!(Session::new(&graph).ask(b"a").logits, runs[0]);
    session.clear();
    let again: Vec<_> = (0..8).map(|_| session.ask(b"a").logits).collect();
    assert_ne!(again, runs, "clearing does not begin the random numbers anew");
}

/// A text of one token waits at least.
fn tokens_of(model: &mut Model) {
    let tokenizer = &mut transformers::tokens_mut(model).tokenizer;
    (tokenizer.bos, tokenizer.adds_bos) = (Some(0), true);
}
