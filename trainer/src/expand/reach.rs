//! What templates use: circles are refused, and what can never be drawn.

use super::slot::{Expr, Ref, Slot, Which};
use super::{Body, List, Problem, Step, Template, Templates, Values};
use std::collections::BTreeSet;

/// Checks everything that is known before anything is drawn. Error: the line, and what is wrong.
pub fn check(file: &Templates) -> Result<(), (usize, Problem)> {
    for (index, list) in file.lists.iter().enumerate() {
        let here = |problem| (list.line, problem);
        check_circle(file, index, &mut Vec::new()).map_err(here)?;
        for slot in slots_of(list) {
            check_slot(file, slot).map_err(here)?;
        }
    }
    for name in file.turns.keys() {
        check_turns(file, name, &mut Vec::new())?;
    }
    for template in file.templates.iter().chain(file.turns.values().flatten()) {
        check_template(file, template)?;
    }
    Ok(())
}

fn slots_of(list: &List) -> impl Iterator<Item = &Slot> {
    let (open, held): (&[_], &[_]) = match (&list.values, &list.held) {
        (Values::Words(open), Values::Words(held)) => (open, held),
        (Values::Words(open), _) => (open, &[]),
        (_, Values::Words(held)) => (&[], held),
        _ => (&[], &[]),
    };
    open.iter().chain(held).flat_map(super::Phrase::slots)
}

fn check_circle(file: &Templates, list: usize, open: &mut Vec<usize>) -> Result<(), Problem> {
    if open.contains(&list) {
        return Err(Problem::Circle(file.lists[list].name.clone()));
    }
    open.push(list);
    for slot in slots_of(&file.lists[list]) {
        for used in slot.refs() {
            check_circle(file, used.list, open)?;
        }
    }
    open.pop();
    Ok(())
}

/// Turns may include others, but not themselves.
fn check_turns<'a>(
    file: &'a Templates,
    name: &'a str,
    open: &mut Vec<&'a str>,
) -> Result<(), (usize, Problem)> {
    for template in &file.turns[name] {
        if open.contains(&name) {
            return Err((template.line, Problem::Circle(name.to_string())));
        }
        let Body::Chat(steps) = &template.body else { unreachable!("turns are chats") };
        open.push(name);
        for step in steps {
            if let Step::Include { turns, .. } = step {
                match file.turns.contains_key(turns) {
                    true => check_turns(file, turns, open)?,
                    false => return Err((template.line, Problem::NoTurns(turns.clone()))),
                }
            }
        }
        open.pop();
    }
    Ok(())
}

fn check_template(file: &Templates, template: &Template) -> Result<(), (usize, Problem)> {
    let here = |problem| (template.line, problem);
    for slot in slots_of_template(template) {
        check_slot(file, slot).map_err(here)?;
    }
    if let Some(condition) = &template.condition {
        let (shown, refs) = (&condition.shown, condition.refs());
        check_numbers(file, shown, &refs).map_err(here)?;
        if refs.iter().any(|used| used.which == Which::Fresh) {
            return Err(here(Problem::Condition(shown.clone())));
        }
    }
    if let Body::Chat(steps) = &template.body {
        for step in steps {
            if let Step::Include { turns, .. } = step
                && !file.turns.contains_key(turns)
            {
                return Err(here(Problem::NoTurns(turns.clone())));
            }
        }
    }
    Ok(())
}

fn slots_of_template(template: &Template) -> Vec<&Slot> {
    match &template.body {
        Body::Pair(query, reply) => query.slots().chain(reply.slots()).collect(),
        Body::Text(text) => text.slots().collect(),
        Body::Chat(steps) => steps
            .iter()
            .flat_map(|step| match step {
                Step::Say(_, said) => said.slots().collect::<Vec<_>>(),
                Step::Include { .. } => Vec::new(),
            })
            .collect(),
    }
}

fn check_slot(file: &Templates, slot: &Slot) -> Result<(), Problem> {
    let refs = slot.refs();
    if let Expr::Reckoned(..) = slot.value {
        check_numbers(file, &slot.shown, &refs)?;
    }
    for used in refs {
        let list = &file.lists[used.list];
        match used.which {
            Which::Fresh if list.group.is_some() => {
                return Err(Problem::FreshGroup { slot: slot.shown.clone(), list: list.name.clone() });
            }
            Which::Same(wanted) if usize::from(wanted) > list.values.len() => {
                let (list, values) = (list.name.clone(), list.values.len());
                return Err(Problem::FewValues { list, values, wanted: wanted.into() });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_numbers(file: &Templates, shown: &str, refs: &[Ref]) -> Result<(), Problem> {
    let is_words = |used: &&Ref| matches!(file.lists[used.list].values, Values::Words(_));
    match refs.iter().find(is_words) {
        Some(used) => Err(Problem::NoNumber { slot: shown.into(), list: file.lists[used.list].name.clone() }),
        None => Ok(()),
    }
}

/// Whether a template can draw something that is held back, itself or by what it includes.
pub fn can_hold(file: &Templates, template: &Template) -> bool {
    let mut open: Vec<&Template> = vec![template];
    let (mut seen, mut lists) = (BTreeSet::new(), BTreeSet::new());
    while let Some(template) = open.pop() {
        let slots = slots_of_template(template);
        lists.extend(slots.iter().flat_map(|slot| slot.refs()).map(|used| used.list));
        if let Body::Chat(steps) = &template.body {
            for step in steps {
                if let Step::Include { turns, .. } = step
                    && seen.insert(turns)
                {
                    open.extend(&file.turns[turns]);
                }
            }
        }
    }
    let mut waiting: Vec<usize> = lists.iter().copied().collect();
    while let Some(list) = waiting.pop() {
        let list = &file.lists[list];
        if list.held.len() > 0 || list.share > 0.0 || list.group.is_some() {
            return true;
        }
        let used = slots_of(list).flat_map(|slot| slot.refs()).map(|used| used.list);
        waiting.extend(used.filter(|&used| lists.insert(used)).collect::<Vec<_>>());
    }
    false
}
