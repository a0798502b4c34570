//! Where arrays lie: those that are needed at the same time apart, others in the same bytes.

use super::net::Net;

/// What has a place: so many bytes, needed from one moment to another.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    pub size: usize,
    pub from: usize,
    pub to: usize,
}

/// Whether a step reads or writes an array, or values are read into it.
pub fn is_used(net: &Net, array: usize) -> bool {
    array == 0 || net.steps.iter().any(|step| step.writes == Some(array) || step.reads.contains(&array))
}

/// The place of each array, in bytes from the first, and how many bytes they take together.
pub fn place(net: &Net) -> (Vec<usize>, usize) {
    let area = |array: usize| {
        let (from, to) = net.live(array);
        is_used(net, array).then(|| Area { size: net.arrays[array].size(), from, to })
    };
    pack(&(0..net.arrays.len()).map(area).collect::<Vec<_>>())
}

/// The place of each area, and where the last one ends. The largest are placed first, each as low as those allow that are needed at
/// the same time.
pub fn pack(areas: &[Option<Area>]) -> (Vec<usize>, usize) {
    let mut order: Vec<(usize, Area)> =
        areas.iter().enumerate().filter_map(|(at, area)| Some((at, (*area)?))).collect();
    order.sort_by_key(|(at, area)| (std::cmp::Reverse(area.size), *at));
    let mut places = vec![0; areas.len()];
    let mut placed: Vec<(usize, Area)> = Vec::new();
    let mut end = 0;
    for (index, area) in order {
        let meets = |other: &Area| other.from <= area.to && area.from <= other.to;
        let taken = placed.iter().filter(|(_, other)| meets(other));
        let mut taken: Vec<(usize, usize)> = taken.map(|(at, other)| (*at, at + other.size)).collect();
        taken.sort_unstable();
        let mut at = 0;
        for (start, stop) in taken {
            if at + area.size <= start {
                break;
            }
            at = at.max(stop);
        }
        placed.push((at, area));
        places[index] = at;
        end = end.max(at + area.size);
    }
    (places, end)
}

/// Checks places without trusting [`place`]: plays the steps forward and notes whose bytes are whose.
///
/// # Errors
/// The first array that a step does not find as it was left.
pub fn check(net: &Net, places: &[usize], end: usize) -> Result<(), String> {
    let mut owner: Vec<Option<usize>> = vec![None; end];
    let write = |owner: &mut Vec<Option<usize>>, array: usize| {
        let from = places[array];
        match owner.get_mut(from..from + net.arrays[array].size()) {
            Some(bytes) => {
                bytes.fill(Some(array));
                Ok(())
            }
            None => Err(format!("array {array} lies behind the end")),
        }
    };
    let is_whole = |owner: &[Option<usize>], array: usize| {
        owner[places[array]..][..net.arrays[array].size()].iter().all(|byte| *byte == Some(array))
    };
    write(&mut owner, 0)?;
    for step in &net.steps {
        if let Some(array) = step.writes {
            write(&mut owner, array)?;
        }
        // What it reads is there even when all that it writes is written.
        if let Some(array) = step.reads.iter().find(|array| !is_whole(&owner, **array)) {
            return Err(format!("{} does not find array {array}", step.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::net::{Array, Border, Step, Work};
    use super::*;

    fn chain(sizes: &[usize]) -> Net {
        let array = |&channels: &usize| Array { rows: 1, cols: 1, channels, border: Border::default() };
        let step = |at: usize| Step {
            name: format!("s{at}"),
            kind: "table",
            reads: vec![at],
            writes: Some(at + 1),
            origin: (0, 0),
            work: Work::Table(Box::new([0; 256])),
        };
        Net { arrays: sizes.iter().map(array).collect(), steps: (0..sizes.len() - 1).map(step).collect() }
    }

    #[test]
    fn arrays_that_never_meet_share_bytes() {
        let net = chain(&[784, 169, 108, 24, 10]);
        let (places, end) = place(&net);
        assert_eq!(end, 784 + 169);
        check(&net, &places, end).unwrap();
    }

    #[test]
    fn what_is_read_later_keeps_its_place() {
        let mut net = chain(&[50, 40, 30, 20]);
        net.steps[2].reads.push(0);
        let (places, end) = place(&net);
        check(&net, &places, end).unwrap();
        assert!(end >= 50 + 40 + 30);
        let all = vec![0; 4];
        assert!(check(&net, &all, 50).unwrap_err().contains("does not find"));
        assert!(check(&net, &[0, 50, 90, 120], 100).is_err());
    }
}
