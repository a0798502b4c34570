//! Templates → records.

use mlc_trainer::expand::{Side, parse};
use mlc_trainer::texts::{Content, Kind, Record, Records, Role};
use std::collections::BTreeSet;

fn expand(text: &str, count: usize, seed: u64, side: Side) -> Result<Records, String> {
    parse("t", text.as_bytes()).and_then(|t| t.expand(count, seed, side)).map_err(|e| e.to_string())
}

#[track_caller]
fn pairs(text: &str, count: usize, side: Side) -> Vec<(String, String)> {
    let records = expand(text, count, 1, side).unwrap();
    assert_eq!(records.records.len(), count);
    records.records.iter().filter_map(Record::pair).map(|(q, r)| (q.into(), r.into())).collect()
}

const NAMES: &str = "# Names.
list name = ANN | BOB
          | CID            
held name = KIM | LEE
list a = 0..9
list b = 0..9
held a, b 20 %
pair MY NAME IS {name} | HELLO {name}
pair*3 {a}+{b} | {a+b}
pair SPELL {name} | {name:spell}
";

#[test]
fn what_is_held_back_is_on_its_side_only() {
    let names = |pairs: &[(String, String)]| {
        pairs
            .iter()
            .filter_map(|(q, _)| q.strip_prefix("MY NAME IS ").map(String::from))
            .collect::<BTreeSet<_>>()
    };
    let sums = |pairs: &[(String, String)]| {
        pairs.iter().filter(|(q, _)| q.contains('+')).cloned().collect::<BTreeSet<_>>()
    };
    let (training, held_out) = (pairs(NAMES, 3000, Side::Training), pairs(NAMES, 600, Side::HeldOut));
    assert_eq!(names(&training), ["ANN", "BOB", "CID"].map(String::from).into());
    assert_eq!(names(&held_out), ["KIM", "LEE"].map(String::from).into());
    let (known, unknown) = (sums(&training), sums(&held_out));
    assert!(known.is_disjoint(&unknown));
    // All 100 sums are on a side, about a fifth of them on the held-out one.
    assert_eq!(known.len() + unknown.len(), 100);
    assert!((10..=30).contains(&unknown.len()), "{}", unknown.len());
    for (query, reply) in training.iter().chain(&held_out) {
        if let Some((a, b)) = query.split_once('+') {
            assert_eq!(a.parse::<i64>().unwrap() + b.parse::<i64>().unwrap(), reply.parse::<i64>().unwrap());
        } else if let Some(name) = query.strip_prefix("SPELL ") {
            assert_eq!(reply.replace('-', ""), name);
        }
    }
    // The weights.
    let share = training.iter().filter(|(q, _)| q.contains('+')).count();
    assert!((1700..1900).contains(&share), "{share} of 3000, three of five wanted");
}

#[test]
fn the_seed_decides() {
    let all = |seed| expand(NAMES, 50, seed, Side::Training).unwrap().records;
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
    let share = "list n = 1..100\nheld n 10 %\npair {n} | {n:words}\n";
    let held = |seed| {
        let records = expand(share, 500, seed, Side::HeldOut).unwrap();
        records.records.iter().filter_map(Record::pair).map(|(q, _)| q.to_string()).collect::<BTreeSet<_>>()
    };
    let held_back = held(1);
    assert_eq!((held_back.len(), held_back == held(2)), (10, false));
    let training = expand(share, 3000, 1, Side::Training).unwrap();
    assert!(training.records.iter().filter_map(Record::pair).all(|(q, _)| !held_back.contains(q)));
}

#[test]
fn slots_in_a_record_agree() {
    let text = "list name = A | B | C\nlist who = {name} | {name} TOO\npair {name} {name.2} {name.3} | {name} {who}\n";
    for (query, reply) in pairs(text, 200, Side::Training) {
        let names: Vec<_> = query.split(' ').collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 3, "{query}");
        let said: Vec<_> = reply.split(' ').collect();
        assert!(said[0] == names[0] && said[1] == names[0], "{query} | {reply}");
    }
    let text = "list d = 0 | 1\ntext {*d}{*d}{*d}{*d}{*d}{*d}{*d}{*d}\n";
    let records = expand(text, 100, 1, Side::Training).unwrap();
    assert_eq!(records.sources[0].1, Kind::Texts);
    let different: BTreeSet<_> = records.records.iter().map(|r| r.content.clone()).collect();
    assert!(different.len() > 60, "each is drawn for itself: {}", different.len());
}

#[test]
fn conditions_and_reckoning() {
    let text =
        "list a = 0..20\nlist b = 0..20\npair [a>=b] {a}-{b} | {a-b}\npair [a != b] {a}*{b}+1 | {a*b+1}\n";
    let all = pairs(text, 400, Side::Training);
    for (query, reply) in &all {
        let (left, right) = query.split_once(['-', '*']).unwrap();
        let (a, b): (i64, i64) = (left.parse().unwrap(), right.trim_end_matches("+1").parse().unwrap());
        let wants = if query.contains('*') { a * b + 1 } else { a - b };
        assert_eq!(reply.parse(), Ok(wants), "{query}");
        assert!(if query.contains('*') { a != b } else { a >= b });
    }
    let never = expand("list a = 1 | 2\npair [a>5] X | Y\n", 1, 1, Side::Training).unwrap_err();
    assert_eq!(never, "t:2: what is drawn for it is never right: [a>5] does not hold");
}

#[test]
fn conversations_include_turns() {
    let text = "list name = ANN | BOB
list a = 1..9
list t = 10..30
turns small
  user: HELLO
  assistant: HI
turns small [a<5]
  user: {a}+1
  assistant: {a+1}
chat
  system: BE SHORT
  user: I AM {name}
  assistant: HI {name}
  include small 0..3
  user: WHO AM I
  assistant: {name}
chat
  user: WARM?
  assistant: IT IS <temp>
  tool: {t}
  assistant:  DEGREES
";
    let records = expand(text, 300, 3, Side::Training).unwrap();
    assert_eq!(records.sources[0].1, Kind::Conversations);
    let mut lengths = BTreeSet::new();
    for record in &records.records {
        let Content::Conversation(messages) = &record.content else { panic!("all are conversations") };
        if messages[0].role == Role::System {
            lengths.insert(messages.len());
            let name = messages[1].content.strip_prefix("I AM ").unwrap();
            assert_eq!(messages.last().unwrap().content, name);
        } else {
            assert_eq!(messages[3].content, " DEGREES");
        }
    }
    assert_eq!(lengths, [5, 7, 9, 11].into());
}

/// Of 27 words that three letters give, training sees all but the one that is held back.
#[test]
fn what_chance_puts_together_is_held_back_too() {
    let file = "list c = A | B | C\nlist made = {*c}{*c}{*c}\nlist n = {made}\nheld n = CAB\npair {n} | x";
    let queries = |count, side| pairs(file, count, side).into_iter().map(|(q, _)| q).collect::<BTreeSet<_>>();
    let training = queries(1000, Side::Training);
    assert_eq!((training.len(), training.contains("CAB")), (26, false));
    assert_eq!(queries(3, Side::HeldOut), ["CAB".to_string()].into());
}

#[test]
fn mistakes_have_their_line() {
    let said = |text: &str| expand(text, 10, 1, Side::Training).unwrap_err();
    let known = "known are list, held, pair, chat, turns and text";
    assert_eq!(said("\nfoo = 1\n"), format!("t:2: a line begins with \"foo\"; {known}"));
    assert_eq!(said("pair {x} | y"), "t:1: there is no list \"x\"");
    assert_eq!(
        said("list a = A\npair x | {a:loud}"),
        "t:2: {a:loud}: there is no function \"loud\"; known are upper, lower, capital, spell, reverse, count, first, last, words"
    );
    assert_eq!(
        said("list a = A | B\npair x | {a+1}"),
        "t:2: {a+1}: a is no list of whole numbers, so it cannot be reckoned with"
    );
    assert_eq!(said("list a = {b}\nlist b = {a}\npair {a} | x"), "t:1: a uses itself");
    assert_eq!(
        said("list a = 9..1\npair {a} | x"),
        "t:1: a range from 9 to 1: the first must not be above the last, and at most a million values between"
    );
    assert_eq!(said("list a = 1\nlist a = 2"), "t:2: the list a is there twice, first in line 1");
    assert_eq!(
        said("list A = 1"),
        "t:1: \"A\" is no name: a name has small letters, digits and _, a letter first"
    );
    assert_eq!(said("pair x"), "t:1: a pair is written so: pair QUERY | REPLY");
    assert_eq!(
        said("list a = 1\n"),
        "t:1: nothing is there to make records of: write a pair, a chat or a text"
    );
    assert_eq!(
        said("list a = 1 | 2\npair {a} {a.3} | x"),
        "t:2: a has 2 values: not enough for 3 different ones"
    );
    assert_eq!(
        said("chat\n  user: x\n  bot: y"),
        "t:3: a line of a chat is written so: user: …, assistant: …, tool: …, system: …, or include NAME 0..2"
    );
    assert_eq!(
        said("chat\n  user: x"),
        "t:1: what is drawn for it is never right: the last message is of user: nothing is learnt from it; the assistant must have the last word"
    );
    assert_eq!(
        said("list n = A\nheld n = KIM\npair {n} | HI kim!"),
        "t:3: it says \"KIM\", which is held back: training would see it"
    );
    assert_eq!(
        said("list n = A | B\nheld n = B\npair {n} | x"),
        "t:2: \"B\" is held back, and it is one of the values of n too"
    );
    assert_eq!(
        said("list n = A | B\nheld n 10 %\npair {n} | x"),
        "t:1: 10 % of 2 values of n leave none on one side"
    );
    assert_eq!(said("chat\n  include no\n"), "t:1: there are no turns \"no\"");
    assert_eq!(said("  pair a | b"), "t:1: a line that belongs to the one before it, and there is none");
    assert_eq!(said("pair {a | b"), "t:1: {a} has no end");
    assert_eq!(said("pair a\\x | b"), "t:1: \\x is not known; there are \\{ \\} \\| \\[ \\\\ and \\n");
    assert_eq!(said("pair*0 a | b"), "t:1: a weight is a whole number from 1 to 1000, not \"0\"");
    let nothing = expand("pair a | b", 1, 1, Side::HeldOut).unwrap_err();
    assert_eq!(
        nothing,
        "t:1: no template uses a list of which something is held back, so there is nothing for the held-out file"
    );
    assert_eq!(
        expand("pair \\{a\\} \\| c | b", 1, 1, Side::Training).unwrap().records[0].pair(),
        Some(("{a} | c", "b"))
    );
}
