//! What the C of a sequence model must know of its answer: how lines are framed, how tokens are chosen.

use super::arrays::Arrays;
use crate::model::{Action, Choice, Prior, Story, Turns};
use crate::tokens::Tokenizer;
use serde::Serialize;

/// Tokens in flash.
#[derive(Serialize)]
struct List {
    /// `None` where there are none: C has no empty arrays.
    name: Option<String>,
    size: usize,
}

/// What frames a line.
#[derive(Serialize)]
pub struct TurnsContext {
    start: List,
    before: List,
    after: List,
    close: List,
    keeps: bool,
    /// Room in front of the tokens of a line.
    lead: usize,
    /// Tokens that the conversation may have with a turn.
    room: usize,
}

impl TurnsContext {
    /// Tokens that a turn has beside those of its line.
    pub fn around(&self) -> usize {
        self.lead + self.after.size
    }
}

/// How tokens are drawn.
#[derive(Serialize)]
struct Drawn {
    weights: String,
    count: usize,
    bits: u8,
    /// `None` where each difference is drawn.
    reach: Option<u32>,
    /// Places of the list that is drawn from: no more than there are tokens.
    top_k: usize,
    /// In 256ths, if it is not all of them.
    share: Option<u16>,
    seed: u16,
}

#[derive(Serialize)]
struct Penalty {
    above: u8,
    below: u8,
    recent: u8,
}

/// How a token is chosen.
#[derive(Serialize)]
pub struct ChoiceContext {
    /// Of labels: how far below the largest logit the others must be for it to be sure, if it can be unsure.
    margin: Option<u8>,
    draw: Option<Drawn>,
    penalty: Option<Penalty>,
}

impl ChoiceContext {
    /// Whether tokens are drawn, and how many of those read last are remembered.
    pub fn state(&self) -> (bool, usize) {
        (self.draw.is_some(), self.penalty.as_ref().map_or(0, |penalty| penalty.recent.into()))
    }
}

/// The context of turns. `token` is the C type of a token.
pub fn turns(story: &Story, token: &'static str, arrays: &mut Arrays) -> Option<TurnsContext> {
    let turns @ Turns { start, before, after, close, keeps } = story.turns.as_ref()?;
    let mut list = |name: &str, tokens: &[u32]| List {
        name: (!tokens.is_empty()).then(|| arrays.add(token, name, tokens.iter().map(|&t| t.into()))),
        size: tokens.len(),
    };
    Some(TurnsContext {
        lead: start.len().max(close.len()) + before.len(),
        room: turns.room(story.most.into()),
        start: list("conversation_start", start),
        before: list("turn_before", before),
        after: list("turn_after", after),
        // What is not kept is not closed.
        close: list("turn_close", if *keeps { close } else { &[] }),
        keeps: *keeps,
    })
}

/// Something that tools read or switch, for the header.
#[derive(Serialize)]
pub struct Named {
    /// In capitals, as a macro has it.
    name: String,
    of: String,
    number: usize,
}

/// A token that names an action.
#[derive(Serialize)]
struct Tool {
    token: u32,
    name: String,
    /// The place among what is read, or among what is switched.
    number: usize,
    reads: bool,
    on: bool,
    close: List,
}

/// What tokens name an action.
#[derive(Serialize)]
pub struct ToolsContext {
    tools: Vec<Tool>,
    reads: Vec<Named>,
    switches: Vec<Named>,
    /// Tokens of the digits.
    digits: Option<String>,
    /// Room for tokens that wait behind one that was chosen.
    longest: usize,
}

impl ToolsContext {
    /// Most tokens that wait at once.
    pub fn longest(&self) -> usize {
        self.longest
    }
}

/// The context of tools; `None` without any.
pub fn tools(
    story: &Story,
    tokenizer: &Tokenizer,
    token: &'static str,
    arrays: &mut Arrays,
) -> Option<ToolsContext> {
    let (inputs, switches) = (story.inputs(), story.switches());
    let place = |names: &[&str], name: &str| names.iter().position(|other| *other == name).unwrap_or(0);
    let mut one = |tool: &crate::model::Tool| {
        let (reads, on, close) = match &tool.action {
            Action::Read { close } => (true, false, close.as_slice()),
            Action::Switch { on } => (false, *on, &[][..]),
        };
        let names = if reads { &inputs } else { &switches };
        let name = format!("close_{}", tool.token);
        let close = List {
            name: (!close.is_empty())
                .then(|| arrays.add(token, &name, close.iter().map(|&token| token.into()))),
            size: close.len(),
        };
        Tool {
            token: tool.token,
            name: tool.name.clone(),
            number: place(names, &tool.name),
            reads,
            on,
            close,
        }
    };
    let tools: Vec<Tool> = story.tools.iter().map(&mut one).collect();
    let digits = tokenizer.digits().filter(|_| !inputs.is_empty());
    let digits = digits.map(|digits| arrays.add(token, "digits", digits.iter().map(|&token| token.into())));
    let (reads, switches) = (named(&inputs), named(&switches));
    (!tools.is_empty()).then_some(ToolsContext {
        tools,
        reads,
        switches,
        digits,
        longest: story.longest_call(),
    })
}

/// Names as macros have them; where two would be the same, the later one has its number behind it.
fn named(names: &[&str]) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for (number, of) in names.iter().enumerate() {
        let capitals = |c: char| if c == '-' { '_' } else { c.to_ascii_uppercase() };
        let mut name: String = of.chars().map(capitals).collect();
        if all.iter().any(|other| other.name == name) {
            name = format!("{name}__{number}");
        }
        all.push(Named { name, of: of.to_string(), number });
    }
    all
}

/// What tokens cost behind others.
#[derive(Serialize)]
pub struct PriorContext {
    costs: String,
    /// The row of each token.
    last: String,
    /// Pairs: the later tokens, those before, and their rows. `None` where there are none.
    pairs: Option<[String; 3]>,
    count: usize,
    shift: u8,
}

/// The context of a prior. `token` is the C type of a token.
pub fn prior(prior: &Prior, token: &'static str, arrays: &mut Arrays) -> PriorContext {
    let costs = arrays.bytes("token_costs", &prior.costs);
    let last = arrays.add("uint16_t", "cost_rows", prior.last.iter().map(|&row| row.into()));
    let pairs = &prior.pairs;
    let pairs = (!pairs.is_empty()).then(|| {
        [
            arrays.add(token, "pair_last", pairs.iter().map(|pair| pair.last.into())),
            arrays.add(token, "pair_before", pairs.iter().map(|pair| pair.before.into())),
            arrays.add("uint16_t", "pair_rows", pairs.iter().map(|pair| pair.row.into())),
        ]
    });
    PriorContext { costs, last, pairs, count: prior.pairs.len(), shift: prior.shift }
}

/// Replies that grow side by side.
#[derive(Serialize)]
pub struct BeamContext {
    width: usize,
    /// Places of keys and values: of each reply, and of the best that has ended where the conversation goes on behind it.
    caches: usize,
    weights: String,
    count: usize,
    bits: u8,
    parts: String,
    powers: String,
    /// The type of what a reply costs.
    cost: &'static str,
    keeps: bool,
    most: usize,
}

impl BeamContext {
    /// Tokens that are noted, and words and bytes beside them and the caches.
    pub fn state(&self) -> (usize, usize, usize) {
        (self.width * self.most, 2 + usize::from(self.keeps), self.width * self.most + 2)
    }

    /// Places of keys and values.
    pub fn caches(&self) -> usize {
        self.caches
    }
}

/// The context of a beam, if there is one.
pub fn beam(story: &Story, vocabulary: usize, arrays: &mut Arrays) -> Option<BeamContext> {
    let width = usize::from(story.choice.beam?);
    let rules = Choice::beam_rules(story.logit_bits);
    let keeps = Turns::is_kept(story.turns.as_ref());
    let is_wide = u64::from(rules.most(vocabulary)) * u64::from(story.most) > u32::MAX.into();
    Some(BeamContext {
        width,
        caches: width + usize::from(keeps),
        count: rules.weights.len(),
        bits: rules.bits,
        weights: arrays.bytes("beam_weights", &rules.weights),
        parts: arrays.add("uint16_t", "beam_parts", rules.parts.iter().map(|&part| part.into())),
        powers: arrays.add("uint32_t", "beam_powers", rules.powers.iter().map(|&power| power.into())),
        cost: if is_wide { "uint64_t" } else { "uint32_t" },
        keeps,
        most: story.most.into(),
    })
}

/// The context of choosing.
pub fn choice(story: &Story, vocabulary: usize, arrays: &mut Arrays) -> ChoiceContext {
    let rules = story.choice.rules(story.logit_bits);
    let draw = rules.draw.map(|draw| Drawn {
        count: draw.weights.len(),
        bits: draw.bits,
        reach: Some(draw.reach()).filter(|&reach| reach < 1 << 16),
        top_k: usize::from(draw.top_k).min(vocabulary),
        share: Some(draw.share).filter(|&share| share < 256),
        seed: draw.seed,
        weights: arrays.bytes("draw_weights", &draw.weights),
    });
    let penalty = rules.penalty.map(|([above, below], recent)| Penalty { above, below, recent });
    // One label alone is always sure.
    let margin = Some(story.margin).filter(|margin| *margin > 0 && vocabulary > 1);
    ChoiceContext { draw, penalty, margin }
}
