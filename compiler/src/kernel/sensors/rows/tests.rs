use super::check::check;
use super::*;
use crate::kernel::sensors::steps::Steps;

/// A network in the making, of steps without weights.
struct Made {
    net: Net,
    state: u64,
}

impl Made {
    fn new(seed: u64, rows: usize, cols: usize, channels: usize) -> Self {
        let array = Array { rows, cols, channels, border: Border::default() };
        Self { net: Net { arrays: vec![array], steps: vec![] }, state: seed ^ 0x9E37_79B9 }
    }

    /// A number from `from` to `to`.
    fn within(&mut self, from: usize, to: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + (self.state >> 33) as usize % (to - from + 1)
    }

    fn last(&self) -> usize {
        self.net.arrays.len() - 1
    }

    fn step(&mut self, reads: Vec<usize>, origin: (usize, usize), work: Work) {
        let (name, writes) = (format!("s{}", self.net.steps.len()), Some(self.net.arrays.len() - 1));
        self.net.steps.push(Step { name, kind: "", reads, writes, origin, work });
    }

    fn array(&mut self, rows: usize, cols: usize) {
        let channels = self.net.arrays[self.last()].channels;
        self.net.arrays.push(Array { rows, cols, channels, border: Border::default() });
    }

    /// A window over the last array, and the border that it needs. With `apart` its first row of results is of a step of its own.
    fn window(&mut self, kernel: usize, stride: usize, above: usize, apart: bool) {
        let from = self.last();
        let Array { rows, cols, .. } = self.net.arrays[from];
        let places = (rows + above).saturating_sub(1) / stride + 1;
        let places = if self.within(0, 1) == 0 {
            places
        } else {
            ((rows + above).saturating_sub(kernel)) / stride + 1
        };
        let below = ((places - 1) * stride + kernel).saturating_sub(above + rows);
        let border = &mut self.net.arrays[from].border;
        (border.top, border.bottom) = (border.top.max(above), border.bottom.max(below));
        self.array(places, cols);
        let window = Window {
            rows: kernel,
            cols: 1,
            down: stride,
            right: 1,
            above,
            before: 0,
            places: (places, cols),
        };
        if apart && places > 1 {
            self.step(vec![from], (0, 0), Work::Max(Window { places: (1, cols), ..window }));
            self.step(vec![from], (1, 0), Work::Max(Window { places: (places - 1, cols), ..window }));
        } else {
            self.step(vec![from], (0, 0), Work::Max(window));
        }
    }

    fn table(&mut self) {
        let from = self.last();
        let Array { rows, cols, .. } = self.net.arrays[from];
        self.array(rows, cols);
        self.step(vec![from], (0, 0), Work::Table(Box::new([0; 256])));
    }

    fn add(&mut self, others: [usize; 2]) {
        let Array { rows, cols, .. } = self.net.arrays[others[0]];
        self.array(rows, cols);
        self.step(others.to_vec(), (0, 0), Work::Add { tables: Box::new([[0; 256]; 2]), steps: vec![] });
    }

    fn mean(&mut self) {
        let from = self.last();
        let window = Window::whole(&self.net.arrays[from]);
        self.array(1, 1);
        let steps = vec![Steps::of((0, 255), (0, 255), |sum| sum)];
        self.step(vec![from], (0, 0), Work::Sum { window, steps });
    }
}

fn random(seed: u64) -> Net {
    let mut made = Made::new(seed, 0, 1, 1);
    (made.net.arrays[0].rows, made.net.arrays[0].cols) = (made.within(1, 12), made.within(1, 4));
    for _ in 0..made.within(1, 6) {
        let rows = made.net.arrays[made.last()].rows;
        match made.within(0, 7) {
            0..=3 => {
                let kernel = made.within(1, rows.min(5));
                let (stride, above) = (made.within(1, 3), made.within(0, kernel - 1));
                let apart = made.within(0, 3) == 0;
                made.window(kernel, stride, above, apart);
            }
            4 => made.table(),
            5 => {
                let last = made.last();
                let shape = |array: usize| (made.net.arrays[array].rows, made.net.arrays[array].cols);
                let same: Vec<usize> = (0..=last).filter(|&array| shape(array) == shape(last)).collect();
                let other = same[made.within(0, same.len() - 1)];
                made.add([last, other]);
            }
            6 => made.mean(),
            _ => {}
        }
    }
    if made.net.steps.is_empty() {
        made.table();
    }
    made.net
}

#[test]
fn schedules_of_random_networks_are_right() {
    let (mut right, mut all, mut saved) = (0, 0, 0);
    for seed in 0..3_000 {
        let whole = random(seed);
        for net in shape::all(&whole) {
            for steps in 1..=net.steps.len() {
                all += 1;
                let Some(rows) = Rows::of(&net, steps) else { continue };
                let (places, end) = rows.place(&net);
                check(&net, &rows, &places, end).unwrap_or_else(|e| panic!("{seed}, {steps} steps: {e}"));
                right += 1;
            }
        }
        saved += usize::from(Rows::smallest(&whole).is_some());
    }
    assert!(right * 10 > all * 9, "{right} of {all}");
    assert!(saved > 1_000, "{saved}");
}

#[test]
fn only_rows_are_kept_that_are_still_read() {
    // 28 rows, a window of 3 with a border, one of 2 that moves by 2, and all at once.
    let mut made = Made::new(1, 28, 28, 4);
    made.state = 0;
    made.window(3, 1, 1, false);
    made.net.arrays[0].border.bottom = 1;
    let Work::Max(window) = &mut made.net.steps[0].work else { unreachable!() };
    window.places.0 = 28;
    made.net.arrays[1].rows = 28;
    made.window(2, 2, 0, false);
    made.mean();
    let rows = Rows::of(&made.net, 3).expect("it is a chain");
    assert_eq!(rows.kept, [3, 2, 1, 1]);
    let moves = |array: usize| rows.events.iter().filter(|event| **event == Event::Move(array)).count();
    // Before each row of values but the first, and before each second row of what moves by two.
    assert_eq!((moves(0), moves(1), moves(2)), (28, 14, 0));
    assert_eq!(rows.place(&made.net).1, 3 * 28 * 4 + 2 * 28 * 4 + 28 * 4 + 4);
}

#[test]
fn two_branches_keep_the_rows_that_one_waits_for() {
    let mut made = Made::new(3, 9, 2, 1);
    let same = |made: &mut Made| {
        let from = made.last();
        (made.net.arrays[from].border.top, made.net.arrays[from].border.bottom) = (1, 1);
        made.array(9, 2);
        let window = Window { rows: 3, cols: 1, down: 1, right: 1, above: 1, before: 0, places: (9, 2) };
        made.step(vec![from], (0, 0), Work::Max(window));
    };
    same(&mut made);
    same(&mut made);
    made.add([2, 0]);
    // Row 0 of the sum is there when three rows of values are, and its last row when two came behind the last of them.
    let rows = Rows::of(&made.net, 3).expect("they are as long as each other");
    assert_eq!(rows.kept, [3, 3, 1, 9]);
    assert_eq!(rows.events.iter().filter(|event| **event == Event::Edge(0)).count(), 2);
    let (places, end) = rows.place(&made.net);
    check(&made.net, &rows, &places, end).unwrap();
}

/// A network, its schedule, and what the check says of the schedule when something of it is wrong.
fn refused(change: impl FnOnce(&mut Rows, &mut Vec<usize>, &mut usize)) -> String {
    let mut made = Made::new(1, 6, 2, 1);
    made.net.arrays[0].border = Border { top: 1, bottom: 1, ..Border::default() };
    made.array(6, 2);
    let window = Window { rows: 3, cols: 1, down: 1, right: 1, above: 1, before: 0, places: (6, 2) };
    made.step(vec![0], (0, 0), Work::Max(window));
    made.table();
    made.mean();
    let mut rows = Rows::of(&made.net, 3).expect("it is a chain");
    let (mut places, mut end) = rows.place(&made.net);
    check(&made.net, &rows, &places, end).unwrap();
    change(&mut rows, &mut places, &mut end);
    check(&made.net, &rows, &places, end).err().unwrap_or_default()
}

#[test]
fn a_wrong_schedule_is_refused() {
    let first =
        |rows: &Rows, event: Event| rows.events.iter().position(|other| *other == event).expect("it comes");
    let last =
        |rows: &Rows, event: Event| rows.events.iter().rposition(|other| *other == event).expect("it comes");
    let without = |event: Event| {
        move |rows: &mut Rows, _: &mut Vec<usize>, _: &mut usize| {
            rows.events.remove(first(rows, event));
        }
    };
    let twice = |event: Event| {
        move |rows: &mut Rows, _: &mut Vec<usize>, _: &mut usize| {
            rows.events.insert(last(rows, event), event);
        }
    };
    let said = refused(without(Event::Move(0)));
    assert!(said.contains("s0 does not find row"), "{said}");
    assert!(refused(without(Event::Edge(0))).contains("s0 does not find row 6"));
    assert!(refused(without(Event::Take)).contains("does not find row"));
    assert!(refused(without(Event::Run(1))).contains("does not find row"));
    assert!(refused(without(Event::Run(2))).contains("s2 does not find row 0"));
    let said = refused(|rows, _, _| {
        rows.events.remove(last(rows, Event::Run(2)));
    });
    assert!(said.contains("s2 has no results yet"), "{said}");
    assert!(refused(without(Event::Finish(2))).contains("s2 ran 6 times"));
    assert!(refused(twice(Event::Take)).contains("more rows are taken than there are"));
    assert!(refused(twice(Event::Run(1))).contains("s1 has no row 6"));
    assert!(refused(twice(Event::Finish(2))).contains("or had them"));
    let said = refused(|rows, _, _| rows.events.insert(0, Event::Edge(0)));
    assert!(said.contains("a border comes before row 0"), "{said}");
    let said = refused(|rows, _, _| rows.events.insert(1, Event::Move(2)));
    assert!(said.contains("has no rows to move"), "{said}");
    let said = refused(|rows, _, _| rows.slots[0][0] += 1);
    assert!(said.contains("has no row 3") || said.contains("does not find"), "{said}");
    assert!(refused(|rows, _, _| rows.kept[0] -= 1).contains("array 0"));
    assert!(refused(|_, places, _| places.fill(0)).contains("does not find"));
    assert!(refused(|_, _, end| *end -= 1).contains("behind the end"));
}

#[test]
fn results_are_whole_where_others_read_them() {
    let mut made = Made::new(1, 5, 2, 1);
    made.window(2, 1, 0, false);
    made.table();
    let rows = Rows::of(&made.net, 1).expect("it is a chain");
    let (places, end) = rows.place(&made.net);
    check(&made.net, &rows, &places, end).unwrap();
    let mut less = rows.clone();
    less.events.retain(|event| *event != Event::Move(1));
    let said = check(&made.net, &less, &places, end).unwrap_err();
    assert!(said.contains("s1 does not find array 1"), "{said}");
}
