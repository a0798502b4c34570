//! Faults planted in memory maps of the AVR, one for each condition of the check.

use crate::models::{arrays, buffer, chat, compiled, refused};
use mlc_compiler::plan::Plan;
use mlc_compiler::stage::ArrayElem::{Bytes, Carried, Words};
use mlc_compiler::weights::Form;

/// 300, 38 (two of 40 never leave 0) and 6 outputs, so that the first arrays have two tiles.
fn wide() -> Plan {
    let plan = compiled(&chat(&[300, 40]), "atmega328p", Some(Form::Columns)).plan;
    assert_eq!(arrays(&plan), [(300, Words), (300, Words), (38, Words), (6, Carried)]);
    plan
}

/// The first layer counts in bytes.
fn bytes() -> Plan {
    let plan = compiled(&chat(&[20, 40]), "atmega328p", Some(Form::Columns)).plan;
    assert_eq!(arrays(&plan), [(20, Bytes), (20, Bytes), (38, Words), (6, Carried)]);
    plan
}

/// Moves the only tile of `fc2`.
fn place(p: &mut Plan, low: usize, high: usize) {
    p.layout.memory.tiles[2][0] = (low, high);
    buffer(p, "fc2_acc").offset = low;
    buffer(p, "fc2_high").offset = high;
}

#[test]
fn ram_starts_somewhere() {
    assert_eq!(refused(&wide(), |p| p.layout.memory.start = None), "RAM starts nowhere");
}

#[test]
fn every_stage_has_an_array_with_all_its_tiles() {
    let plan = wide();
    assert_eq!(refused(&plan, |p| p.layout.memory.buffers.truncate(3)), "fc3 has no array");
    assert_eq!(refused(&plan, |p| buffer(p, "fc2_acc").stage = Some(3)), "fc2 has no array");
    let query = "fc1_query_acc has too few tiles or too many";
    assert_eq!(refused(&plan, |p| _ = p.layout.memory.tiles[0].pop()), query);
    assert_eq!(refused(&plan, |p| p.layout.memory.tiles[0].push((0, 256))), query);
    assert_eq!(refused(&plan, |p| p.layout.memory.tiles.clear()), query);
}

#[test]
fn accumulators_lie_inside_their_array() {
    let plan = wide();
    let query = "fc1_query_acc is too small";
    assert_eq!(refused(&plan, |p| buffer(p, "fc1_query_acc").size -= 1), query);
    assert_eq!(refused(&plan, |p| buffer(p, "fc1_query_high_1").size -= 1), query);
    assert_eq!(refused(&plan, |p| buffer(p, "fc1_query_high").offset += 1), query);
    assert_eq!(refused(&plan, |p| buffer(p, "fc1_query_acc_1").stage = Some(1)), query);
    // The byte behind those that are counted ends a scan.
    assert_eq!(refused(&bytes(), |p| buffer(p, "fc1_context_acc").size = 20), "fc1_context_acc is too small");
    // Labels name the first part: none lies before it.
    let swapped = refused(&plan, |p| {
        let [first, second] = ["fc1_query_acc", "fc1_query_acc_1"].map(|name| buffer(p, name).clone());
        (buffer(p, "fc1_query_acc").offset, buffer(p, "fc1_query_acc").size) = (second.offset, second.size);
        (buffer(p, "fc1_query_acc_1").offset, buffer(p, "fc1_query_acc_1").size) = (first.offset, first.size);
    });
    assert_eq!(swapped, query);
}

#[test]
fn a_tile_lies_in_one_page() {
    let plan = wide();
    assert_eq!(plan.layout.memory.start, Some(0x100));
    // From 03E4h to 040Ah.
    assert_eq!(refused(&plan, |p| place(p, 0x2E4, 0x3E4)), "fc2_acc has a tile in two pages");
}

#[test]
fn high_bytes_lie_as_far_into_a_page_behind() {
    let plan = wide();
    let problem = "fc2_acc has its high bytes at other places in their page";
    let (low, high) = plan.layout.memory.tiles[2][0];
    assert_eq!(refused(&plan, |p| place(p, low, high + 1)), problem);
    assert_eq!(refused(&plan, |p| place(p, high, low)), problem);
}

#[test]
fn there_are_high_bytes_but_where_bytes_are_counted() {
    let problem =
        |array: &str| format!("{array} has no bytes where it counts in bytes, or else no high ones");
    let plan = wide();
    let low = plan.layout.memory.tiles[2][0].0;
    assert_eq!(refused(&plan, |p| p.layout.memory.tiles[2][0].1 = low), problem("fc2_acc"));
    let said = refused(&bytes(), |p| {
        let mut high = buffer(p, "fc1_query_acc").clone();
        high.offset += 256;
        p.layout.memory.tiles[0][0].1 += 256;
        p.layout.memory.buffers.push(high);
    });
    assert_eq!(said, problem("fc1_query_acc"));
}

#[test]
fn every_accumulator_has_a_place_of_its_own() {
    let said = refused(&wide(), |p| p.layout.memory.tiles[0][1] = p.layout.memory.tiles[0][0]);
    assert_eq!(said, "fc1_query_acc has two accumulators in one place");
}

#[test]
fn an_array_is_kept_until_it_is_read() {
    let plan = wide();
    let (low, _) = plan.layout.memory.tiles[2][0];
    let high_of = |stage: usize| plan.layout.memory.tiles[stage][0].1 + low % 256;
    let context = refused(&plan, |p| place(p, low, high_of(1)));
    assert_eq!(context, "fc1_context_acc is overwritten before fc2 reads it");
    let query = refused(&plan, |p| {
        let low = p.layout.memory.tiles[0][1].0;
        place(p, low, low + 256);
    });
    assert_eq!(query, "fc1_query_acc is overwritten before fc1_context reads it");
}

#[test]
fn nothing_lies_behind_the_end() {
    let plan = wide();
    assert_eq!(refused(&plan, |p| p.layout.memory.size -= 1), "fc1_context_acc lies behind the end");
    let left = refused(&plan, |p| buffer(p, "net_left").offset = p.layout.memory.size);
    assert_eq!(left, "net_left lies behind the end");
}

#[test]
fn what_is_kept_always_overlaps_nothing() {
    let plan = wide();
    let onto = |what: &str, onto: &str| refused(&plan, |p| buffer(p, what).offset = buffer(p, onto).offset);
    assert_eq!(onto("window", "query_text"), "query_text and window overlap");
    assert_eq!(onto("query_length", "fc2_high"), "query_length and fc2_high overlap");
}

#[test]
fn a_chat_has_a_window() {
    let plan = wide();
    let problem = "there is no window of 4 bytes";
    assert_eq!(refused(&plan, |p| p.layout.memory.buffers.retain(|b| b.name != "window")), problem);
    assert_eq!(refused(&plan, |p| buffer(p, "window").size = 3), problem);
}
