//! Faults planted in memory maps of the Z80, one for each condition of the check.

use crate::models::{arrays, buffer, chat, compiled, refused};
use mlc_compiler::plan::Plan;
use mlc_compiler::stage::ArrayElem::{Bytes, Carried, Words};
use mlc_compiler::stage::{Source, Start, Work};
use mlc_compiler::weights::Form;

/// 300, 38 (two of 40 never leave 0) and 6 outputs; activations above 255 from the second stage on.
fn wide() -> Plan {
    let plan = compiled(&chat(&[300, 40]), "z80-cpm", Some(Form::Columns)).plan;
    assert_eq!(arrays(&plan), [(300, Words), (300, Words), (38, Carried), (6, Carried)]);
    plan
}

/// The first layer counts in bytes, long queries in pieces.
fn bytes() -> Plan {
    let plan = compiled(&chat(&[20, 40]), "z80-cpm", Some(Form::Columns)).plan;
    assert_eq!(arrays(&plan), [(20, Bytes), (20, Bytes), (38, Carried), (6, Carried)]);
    let counts = plan.stages()[0].product().and_then(|product| product.counts());
    assert!(counts.is_some_and(|bytes| bytes.long.is_some()));
    plan
}

/// Moves a buffer, and the tiles in it.
fn place(p: &mut Plan, what: &str, offset: usize) {
    let buffer = buffer(p, what);
    let (from, stage) = (std::mem::replace(&mut buffer.offset, offset), buffer.stage);
    let stage = stage.expect("an array is that of a stage");
    for (low, high) in &mut p.layout.memory.tiles[stage] {
        (*low, *high) = (*low + offset - from, *high + offset - from);
    }
}

#[test]
fn every_stage_has_an_array() {
    let plan = wide();
    assert_eq!(refused(&plan, |p| p.layout.memory.buffers.truncate(2)), "fc2 has no array");
    assert_eq!(refused(&plan, |p| buffer(p, "fc3_acc").stage = None), "fc3 has no array");
    assert_eq!(refused(&plan, |p| p.layout.memory.buffers.swap(1, 2)), "fc1_context has no array");
}

#[test]
fn tiles_have_the_pages_that_kernels_use() {
    let wide = wide();
    let high = |stage: usize| move |p: &mut Plan| p.layout.memory.tiles[stage][0].1 += 256;
    assert_eq!(refused(&wide, high(2)), "fc2_acc does not have 3 pages a tile");
    let second = |p: &mut Plan| p.layout.memory.tiles[0][1] = (768, 1024);
    assert_eq!(refused(&wide, second), "fc1_query_acc does not have 2 pages a tile");
    let three = |p: &mut Plan| p.layout.memory.tiles.truncate(3);
    assert_eq!(refused(&wide, three), "fc3_acc does not have 3 pages a tile");
    assert_eq!(refused(&bytes(), high(1)), "fc1_context_acc does not have 1 pages a tile");
}

#[test]
fn arrays_take_whole_pages() {
    let plan = wide();
    let at = buffer(&mut plan.clone(), "fc2_acc").offset;
    assert_eq!(refused(&plan, |p| place(p, "fc2_acc", at + 1)), "fc2_acc does not begin at a page");
    assert_eq!(refused(&plan, |p| buffer(p, "fc1_query_acc").size -= 1), "fc1_query_acc is too small");
    // Without the page that catches carries.
    assert_eq!(refused(&plan, |p| buffer(p, "fc3_acc").size -= 256), "fc3_acc is too small");
    assert_eq!(refused(&bytes(), |p| buffer(p, "fc1_query_acc").size = 255), "fc1_query_acc is too small");
}

#[test]
fn sums_of_pieces_take_two_pages() {
    let plan = bytes();
    let problem = "net_totals is not 2 whole pages";
    assert_eq!(refused(&plan, |p| buffer(p, "net_totals").offset += 1), problem);
    assert_eq!(refused(&plan, |p| buffer(p, "net_totals").size -= 1), problem);
    assert_eq!(refused(&plan, |p| buffer(p, "net_totals").name = "other".into()), problem);
}

#[test]
fn an_array_is_kept_until_it_is_read() {
    let plan = wide();
    let at = |what: &str| buffer(&mut plan.clone(), what).offset;
    let moved = |what: &str, onto: &str| refused(&plan, |p| place(p, what, at(onto)));
    let query = "fc1_query_acc is overwritten before fc1_context reads it";
    assert_eq!(moved("fc1_context_acc", "fc1_query_acc"), query);
    assert_eq!(moved("fc3_acc", "fc1_query_acc"), query);
    assert_eq!(moved("fc2_acc", "fc1_query_acc"), query);
    assert_eq!(moved("fc2_acc", "fc1_context_acc"), "fc1_context_acc is overwritten before fc2 reads it");
    assert_eq!(moved("fc3_acc", "fc2_acc"), "fc2_acc is overwritten before fc3 reads it");
    // Only the last page of one is the first of the other.
    let page = refused(&plan, |p| place(p, "fc3_acc", at("fc2_acc") - 512));
    assert_eq!(page, "fc2_acc is overwritten before fc3 reads it");
}

/// Nothing runs behind the last stage but where it stands before a loop.
#[test]
fn the_logits_are_kept_for_argmax() {
    let said = refused(&wide(), |p| {
        let last = &mut p.layout.stages[3];
        last.in_loop = false;
        let Work::Product(product) = &mut last.work else { panic!("the last layer is a product") };
        product.source = Source::Trigrams { buckets: 16, bands: 1, factor: 32 };
        product.start = Start::Constant(vec![0; product.outputs]);
    });
    assert_eq!(said, "fc3_acc is overwritten before argmax reads it");
}

#[test]
fn nothing_lies_behind_the_end() {
    let plan = wide();
    let arrays = refused(&plan, |p| p.layout.memory.size = buffer(p, "fc2_acc").offset + 767);
    assert_eq!(arrays, "fc2_acc lies behind the end");
    assert_eq!(refused(&plan, |p| p.layout.memory.size -= 1), "stack lies behind the end");
    assert_eq!(refused(&plan, |p| buffer(p, "stack_top").size = 1), "stack_top lies behind the end");
}

#[test]
fn what_is_kept_always_overlaps_nothing() {
    let plan = wide();
    let onto = |what: &str, onto: &str| refused(&plan, |p| buffer(p, what).offset = buffer(p, onto).offset);
    assert_eq!(onto("window", "line"), "line and window overlap");
    assert_eq!(onto("query_text", "fc1_query_acc"), "query_text and fc1_query_acc overlap");
    assert_eq!(refused(&plan, |p| buffer(p, "query_text").size += 1), "query_text and line overlap");
    assert_eq!(refused(&plan, |p| buffer(p, "stack").size += 1), "stack and stack_top overlap");
}

#[test]
fn a_chat_has_a_window() {
    let plan = wide();
    let problem = "there is no window of 4 bytes";
    assert_eq!(refused(&plan, |p| p.layout.memory.buffers.retain(|b| b.name != "window")), problem);
    assert_eq!(refused(&plan, |p| buffer(p, "window").size = 3), problem);
}
