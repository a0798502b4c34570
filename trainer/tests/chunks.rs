//! Data that is trained on a chunk at a time.

#[path = "../../tests/support/parts.rs"]
mod parts;

use mlc_compiler::model::{Answer, Model};
use mlc_trainer::{
    Chunking, Corpus, Dataset, Figures, LabelOrder, Pair, Pairs, Settings, Spool, Storage, Task, TaskKind,
    Trained, Training, assess, evaluate, train,
};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::atomic::AtomicBool;

/// Each of many queries says a number, and the reply how much it is: sorted, so that chunks cut out of the file would
/// have one reply each.
fn numbers() -> Pairs {
    let mut lines = String::new();
    for (digit, reply) in [("one", "FEW"), ("two", "SOME"), ("nine", "MANY")] {
        for i in 0..120 {
            let word = ["sheep", "ships", "shoes", "shops"][i % 4];
            let when = ["today", "now", "here"][i % 3];
            lines.push_str(&format!("are there {digit} {word} {when} {i}|{reply}\n"));
        }
    }
    let mut pairs = Pairs::default();
    pairs.read(&mut lines.as_bytes(), "numbers", &Settings::default().limits()).unwrap();
    pairs
}

fn settings(chat: bool) -> Settings {
    let settings = if chat { Settings::default() } else { Settings::classifier() };
    settings.with(|s| {
        s.shape.hidden = vec![24];
        s.schedule.epochs = Some(12);
        s.schedule.batch = 16;
        s.schedule.threads = 2;
    })
}

fn memory() -> io::Result<Box<dyn Storage>> {
    Ok(Box::new(Cursor::new(Vec::new())))
}

fn spool(pairs: &Pairs) -> Spool {
    let mut spool = Spool::new(memory().unwrap());
    pairs.pairs.iter().try_for_each(|pair| spool.push(pair)).unwrap();
    spool
}

fn chunked(pairs: &Pairs, kind: TaskKind, settings: &Settings, size: usize, hold_out: Option<f64>) -> Task {
    let chunking = Chunking { size, hold_out, storage: &memory };
    Task::chunked(spool(pairs), pairs, kind, &chunking, settings).unwrap().0
}

fn run(task: &Task, settings: &Settings) -> Trained {
    train(&Training::new(task, settings), &AtomicBool::new(false), &mut |_| {}).unwrap()
}

fn measured(model: &Model, pairs: &Pairs) -> Figures {
    evaluate(model, &Dataset::new(&pairs.pairs, parts::reader(model), &model.answer), 2)
}

#[test]
fn chunks_teach_the_same_kind_of_network() {
    let pairs = numbers();
    for chat in [true, false] {
        let settings = settings(chat);
        let (whole, kind) = match chat {
            true => (Task::chat(&pairs, &settings).unwrap(), TaskKind::Chat),
            false => {
                let order = LabelOrder::FirstSeen;
                (Task::classifier(&pairs, &settings, order).unwrap(), TaskKind::Classifier(order))
            }
        };
        let chunks = chunked(&pairs, kind, &settings, 50, None);
        let Corpus::Chunked(parts) = &chunks.train else { panic!("it is in chunks") };
        assert_eq!((parts.number(), parts.size()), (8, 50));
        assert_eq!((&chunks.answer, &chunks.reader), (&whole.answer, &whole.reader));
        assert_eq!((chunks.train.pairs(), chunks.train.steps()), (whole.train.pairs(), whole.train.steps()));
        let (all, by_chunks) = (run(&whole, &settings), run(&chunks, &settings));
        assert_eq!(all.train.replies_right, 360, "chat: {chat}");
        assert_eq!(by_chunks.train.replies_right, 360, "chat: {chat}");
        assert_eq!(measured(&by_chunks.model, &pairs), by_chunks.train, "figures are those of all pairs");
        assert_ne!(by_chunks.model.body, all.model.body, "the order is another");
        assert_eq!(run(&chunks, &settings).model, by_chunks.model, "but it is always the same");
        let threads = settings.clone().with(|s| s.schedule.threads = 3);
        assert_eq!(run(&chunks, &threads).model, by_chunks.model);
        let facts = &by_chunks.model.head.training;
        assert!(
            facts.contains(&("chunk".into(), "50".into())) && facts.contains(&("pairs".into(), "360".into()))
        );
    }
}

#[test]
fn every_chunk_is_a_sample_of_the_whole() {
    let pairs = numbers();
    let settings = settings(false);
    // One chunk of all pairs is the whole, but for the order: the figures of any network are the same.
    let model = run(&Task::classifier(&pairs, &settings, LabelOrder::FirstSeen).unwrap(), &settings).model;
    for size in [1, 7, 119, 360, 1000] {
        let task = chunked(&pairs, TaskKind::Resume(&model), &settings, size, None);
        let Corpus::Chunked(parts) = &task.train else { panic!("it is in chunks") };
        assert_eq!((parts.number(), task.train.pairs()), (360usize.div_ceil(size), 360));
        let none = settings.clone().with(|s| {
            s.schedule.learning_rate = 1e-6;
            s.schedule.epochs = Some(1);
        });
        let training = Training { start: Some(&model), ..Training::new(&task, &none) };
        let mut first = None;
        train(&training, &AtomicBool::new(false), &mut |event| {
            if let mlc_trainer::Event::Epoch(row) = event {
                first.get_or_insert(row.train.unwrap());
            }
        })
        .unwrap();
        assert_eq!(first, Some(measured(&model, &pairs)), "chunks of {size}");
    }
    // With chunks of a third, sorted replies are mixed: a mean share of 40 each, none far off.
    let rows = |size| {
        let task = chunked(&pairs, TaskKind::Classifier(LabelOrder::FirstSeen), &settings, size, None);
        let one = settings.clone().with(|s| s.schedule.epochs = Some(1));
        run(&task, &one).train.replies_right
    };
    assert!(rows(40) > 250, "one epoch of sorted chunks would know the last reply only: {}", rows(40));
}

#[test]
fn queries_are_held_out_with_all_their_pairs() {
    let mut pairs = numbers();
    let twice = pairs.pairs.clone();
    pairs.pairs.extend(twice);
    let settings = settings(true);
    let task = chunked(&pairs, TaskKind::Chat, &settings, 100, Some(0.2));
    let held_out = task.held_out.as_ref().unwrap();
    assert_eq!(held_out.pairs() + task.train.pairs(), 720);
    assert!(
        (90..200).contains(&held_out.pairs()) && held_out.pairs().is_multiple_of(2),
        "{}",
        held_out.pairs()
    );
    let trained = run(&task, &settings);
    let figures = trained.held_out.unwrap();
    assert_eq!((figures.replies, trained.train.replies), (held_out.pairs(), task.train.pairs()));
    let mut both = figures;
    both += trained.train;
    assert_eq!(both, measured(&trained.model, &pairs), "each pair is on one side");
    let all: Vec<&Pair> = pairs.pairs.iter().collect();
    assert_eq!(assess(&trained.model, &all, 1).figures, both);

    let refused = |share, pairs: &Pairs| {
        let chunking = Chunking { size: 100, hold_out: Some(share), storage: &memory };
        Task::chunked(spool(pairs), pairs, TaskKind::Chat, &chunking, &settings).unwrap_err().to_string()
    };
    assert_eq!(refused(1.0, &pairs), "a share of 1 cannot be held out: it must be above 0 and below 1");
    assert_eq!(
        refused(1e-9, &pairs),
        "holding out the queries of 0.000000001 of 720 pairs leaves none on one side"
    );
}

#[test]
fn chunks_add_labels_and_refuse_what_cannot_be_learned() {
    let (pairs, settings) = (numbers(), settings(false));
    let order = LabelOrder::FirstSeen;
    let model = run(&Task::classifier(&pairs, &settings, order).unwrap(), &settings).model;
    let mut more = pairs.clone();
    more.read(&mut &b"how much is it|ASK\n"[..], "more", &settings.limits()).unwrap();
    let chunking = Chunking { size: 100, hold_out: None, storage: &memory };
    let kind = TaskKind::Resume(&model);
    let (task, wider) = Task::chunked(spool(&more), &more, kind, &chunking, &settings).unwrap();
    let (again, same) = Task::resume(&more, &model).unwrap();
    assert_eq!((wider.as_ref(), &task.answer), (Some(&same), &again.answer));
    let Answer::Label { labels, .. } = &task.answer else { panic!("a classifier") };
    assert_eq!(labels, &["FEW", "SOME", "MANY", "ASK"]);

    let refused = |text: &str| {
        let mut pairs = Pairs::default();
        pairs.read(&mut text.as_bytes(), "inline", &settings.limits()).unwrap();
        let spool = spool(&pairs);
        Task::chunked(spool, &pairs, TaskKind::Chat, &chunking, &settings).unwrap_err()
    };
    assert_eq!(refused("").to_string(), "no \"query|reply\" pair in 0 lines of inline");
    assert_eq!(refused("a|X\nb|X\n"), mlc_trainer::TaskError::OneReply("X".into()));
}

/// A storage that takes so many bytes and then has no room, and gives back nothing after so many reads.
struct Small {
    data: Cursor<Vec<u8>>,
    room: usize,
    reads: usize,
}

impl Read for Small {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reads = self.reads.checked_sub(1).ok_or_else(|| io::Error::other("gone"))?;
        self.data.read(out)
    }
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("no room"))?;
        self.data.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Small {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.data.seek(to)
    }
}

#[test]
fn a_storage_that_fails_is_an_error() {
    let (pairs, settings) = (numbers(), settings(true));
    let task = |room, reads| {
        let storage = move || -> io::Result<Box<dyn Storage>> {
            Ok(Box::new(Small { data: Cursor::default(), room, reads }))
        };
        let chunking = Chunking { size: 100, hold_out: None, storage: &storage };
        Task::chunked(spool(&pairs), &pairs, TaskKind::Chat, &chunking, &settings)
    };
    let error = task(1000, 1000).unwrap_err().to_string();
    assert_eq!(error, "pairs cannot be put aside in a temporary file: no room");
    // Four chunks: the first epoch reads them, and the first evaluation finds nothing any more.
    let (task, _) = task(1_000_000, 6).unwrap();
    let error = train(&Training::new(&task, &settings), &AtomicBool::new(false), &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "pairs that were put aside cannot be read back: gone");
}
