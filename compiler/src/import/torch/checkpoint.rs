//! Finds the state dict in a checkpoint, and what the checkpoint states beside it.

use super::entry;
use super::value::{Graph, Value};
use crate::import::facts::{Facts, Stated};
use crate::import::{Options, Problem};
use std::collections::BTreeMap;

/// What trainers call the state dict in a checkpoint: the published one, and others.
const STATES: [&str; 4] = ["model_state", "model_state_dict", "state_dict", "model"];
/// Most checkpoints one in another: a hostile one may hold itself.
const MAX_NESTING: usize = 4;

type Entries<'a> = BTreeMap<&'a str, Value<'a>>;

/// The tensors of the network by name, and all else that the checkpoint states.
///
/// # Errors
/// No state dict, or two of them; a fact that is refused.
pub fn read<'a>(
    graph: &Graph<'a>,
    root: Value<'a>,
    options: &Options,
) -> Result<(Entries<'a>, Facts), Problem> {
    let mut facts = Facts::default();
    let mut entries = dict(graph, "the checkpoint", root)?;
    let mut path = String::new();
    for _ in 0..MAX_NESTING {
        let Some(key) = state_key(&entries)? else { break };
        let state = entries.remove(key).expect("state_key() gives a key that is there");
        for (key, value) in entries {
            fact(graph, &mut facts, key, value, options)?;
        }
        entries = dict(graph, key, state)?;
        path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    }
    if path.is_empty() {
        // A state dict by itself, perhaps with facts beside the tensors.
        let (tensors, others): (Entries, Entries) =
            entries.into_iter().partition(|(_, value)| matches!(value, Value::Tensor(_)));
        if tensors.is_empty() {
            return Err(Problem::NoState(STATES.join(", ")));
        }
        for (key, value) in others {
            fact(graph, &mut facts, key, value, options)?;
        }
        facts.notes.push("it is a state dict by itself".to_string());
        entries = tensors;
    } else if path != STATES[0] {
        facts.notes.push(format!("its state dict is {path}"));
    }
    Ok((entries, facts))
}

/// The entries of a dict by name; of equal names the last one counts, as in Python.
fn dict<'a>(graph: &Graph<'a>, name: &str, value: Value<'a>) -> Result<Entries<'a>, Problem> {
    let Value::Dict(dict) = value else { return Err(entry(name, value, "a dict")) };
    let named = |&(key, value): &(Value<'a>, Value<'a>)| match key {
        Value::Str(key) => Ok((key, value)),
        _ => Err(entry(&format!("a name in {name}"), key, "a string")),
    };
    graph.dicts[dict].iter().map(named).collect()
}

/// The entry that is the state dict, or holds it; `None` if the entries are tensors themselves.
fn state_key(entries: &Entries<'_>) -> Result<Option<&'static str>, Problem> {
    let dicts = |key: &&str| matches!(entries.get(key), Some(Value::Dict(_)));
    let mut found = STATES.into_iter().filter(dicts);
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(Problem::TwoStates { first, second }),
        (Some(key), None) => Ok(Some(key)),
        // The published trainer's, but of another kind.
        (None, _) => Ok(STATES.into_iter().take(1).find(|key| entries.contains_key(key))),
    }
}

fn fact<'a>(
    graph: &Graph<'a>,
    facts: &mut Facts,
    key: &str,
    value: Value<'a>,
    options: &Options,
) -> Result<(), Problem> {
    if key != "architecture" {
        return facts.state("", key, &graph.stated(value), options);
    }
    let entries = dict(graph, key, value)?;
    let entries: Vec<(String, Stated)> =
        entries.into_iter().map(|(key, value)| (key.to_string(), graph.stated(value))).collect();
    facts.architecture("architecture", &entries, options)
}
