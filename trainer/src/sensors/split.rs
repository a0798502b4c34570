//! Which rows are held out: of each label the same share, and no row that also stands among the others.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Numbers rows so that equal ones have the same number, in the order in which they first come: so which rows are held out
/// does not depend on what is in them. Rows are `width` numbers each.
pub(super) fn groups(values: &[f64], width: usize) -> Vec<usize> {
    let count = values.len() / width.max(1);
    let row = |i: usize| &values[i * width..][..width];
    let order = |&a: &usize, &b: &usize| {
        let differ = row(a)
            .iter()
            .zip(row(b))
            .map(|(x, y)| (x + 0.0).total_cmp(&(y + 0.0)))
            .find(|order| order.is_ne());
        differ.unwrap_or(a.cmp(&b))
    };
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_by(order);
    // The first of each row's equals: among these, rows are in their order.
    let mut firsts: Vec<usize> = (0..count).collect();
    for pair in sorted.windows(2) {
        if row(pair[0]) == row(pair[1]) {
            firsts[pair[1]] = firsts[pair[0]];
        }
    }
    let mut numbers: Vec<usize> = Vec::with_capacity(count);
    let mut next = 0;
    for (at, &first) in firsts.iter().enumerate() {
        let number = if first == at { next } else { numbers[first] };
        next += usize::from(first == at);
        numbers.push(number);
    }
    numbers
}

/// Says of each row whether it is held out: `share` of the rows of each label, one at least where there are three, and never
/// all. Equal rows (of one group) are on one side. Same seed, same rows.
pub(super) fn held_out(targets: &[u16], groups: &[usize], share: f64, seed: u64) -> Vec<bool> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let labels = sizes(targets.iter().map(|&t| usize::from(t)));
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups.iter().max().map_or(0, |g| g + 1)];
    groups.iter().enumerate().for_each(|(row, &group)| members[group].push(row));
    // A group is of the label of its first row.
    let mut of_label: Vec<Vec<Vec<usize>>> = vec![Vec::new(); labels.len()];
    for rows in members.into_iter().filter(|rows| !rows.is_empty()) {
        of_label[usize::from(targets[rows[0]])].push(rows);
    }
    let mut held = vec![false; targets.len()];
    for (rows, mut own) in labels.into_iter().zip(of_label) {
        own.shuffle(&mut rng);
        let least = usize::from(rows >= 3 && share > 0.0);
        let wanted = ((rows as f64 * share).round() as usize).clamp(least, rows.saturating_sub(1).max(least));
        let (mut taken, mut left) = (0, own.len());
        for group in own {
            if left > 1 && taken + group.len() <= wanted {
                group.iter().for_each(|&row| held[row] = true);
                taken += group.len();
                left -= 1;
            }
        }
    }
    held
}

/// How often each number comes.
pub(super) fn sizes(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut sizes = Vec::new();
    for number in numbers {
        if sizes.len() <= number {
            sizes.resize(number + 1, 0);
        }
        sizes[number] += 1;
    }
    sizes
}
