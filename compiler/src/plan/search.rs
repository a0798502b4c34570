//! Which combinations of offers are worth assembling, and in which order.

use super::Needs;
use super::demands::{Demands, LayerError, Optimize, ROUGH};
use super::survey::{Combination, Survey};
use crate::kernel::Offer;
use crate::weights::Form;

/// More combinations of a variant than this are not tried one by one: six stages of six forms.
const EXHAUSTIVE: usize = 46_656;
/// Most combinations that are assembled, the last resort apart.
const TRIES: usize = 8;
/// Percent by which the estimate of shared code may be wrong: what misses by this may still fit.
const MARGIN: usize = 2;

/// Combinations worth trying, in the order to try them. For speed those whose estimate fits, by cost, and last the
/// smallest of all, so that a refusal names the least size. For size those that may be the smallest.
///
/// # Errors
/// A demand for a layer that is not there, or for a form that it cannot have.
pub fn candidates(survey: &Survey, demands: &Demands) -> Result<Vec<Combination>, LayerError> {
    let asked = survey.asked(demands)?;
    let mut all: Vec<Combination> = Vec::new();
    for variant in 0..survey.variants.len() {
        let found = combinations(survey, variant, &asked);
        all.extend(found.into_iter().filter(|combination| !survey.is_superseded(combination)));
    }
    let smallest = smallest(survey, &all);
    let least = smallest[0].needs.image;
    let within = |c: &Candidate| c.needs.image <= with_margin(least);
    let mut tries = match demands.optimize {
        Optimize::Speed => fastest(survey, demands, &all),
        Optimize::Size => {
            let near =
                smallest.iter().filter(|c| within(c) && demands.may_fit(&survey.target, c.needs, MARGIN));
            near.map(|c| c.combination.clone()).take(TRIES).collect()
        }
    };
    if !tries.contains(&smallest[0].combination) {
        tries.push(smallest[0].combination.clone());
    }
    Ok(tries)
}

/// What an estimate may be if another one, which may be wrong, is the least.
fn with_margin(least: usize) -> usize {
    least.saturating_add(least / 100 * MARGIN + ROUGH)
}

/// A combination with its estimates.
struct Candidate {
    needs: Needs,
    cost: f64,
    combination: Combination,
}

/// The combinations that may fit, from the fastest on, or from the smallest that the processor's slack allows. One that
/// misses by a little is followed by one that needs less, so few tries suffice.
fn fastest(survey: &Survey, demands: &Demands, all: &[Combination]) -> Vec<Combination> {
    let mut order: Vec<(f64, &Combination)> = all.iter().map(|c| (survey.cost(c), c)).collect();
    // Stable: of equally fast combinations the first one goes first.
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut tries = Vec::new();
    let mut least = usize::MAX;
    let slack = survey.processor().slack();
    let mut enough = None;
    for (cost, combination) in order {
        // Weights alone are less than the whole, and are known at once.
        let weights = Needs { image: survey.weight_bytes(combination), buffers: 0 };
        if !demands.may_fit(&survey.target, weights, MARGIN) || weights.image >= least {
            continue;
        }
        let (needs, _) = survey.estimate(combination);
        if demands.may_fit(&survey.target, needs, MARGIN) && needs.total() < least {
            least = needs.total();
            // The one before is hardly faster, and larger.
            if slack > 1.0 && cost <= *enough.get_or_insert(cost * slack) {
                tries.clear();
            }
            tries.push(combination.clone());
            if tries.len() == TRIES {
                break;
            }
        }
    }
    tries
}

/// The combinations that may be the smallest, by estimate; of equal ones the fastest first. Not empty.
fn smallest(survey: &Survey, all: &[Combination]) -> Vec<Candidate> {
    let mut order: Vec<(usize, &Combination)> = all.iter().map(|c| (survey.weight_bytes(c), c)).collect();
    order.sort_by_key(|(weights, _)| *weights);
    let mut found: Vec<Candidate> = Vec::new();
    let mut least = usize::MAX;
    for (weights, combination) in order {
        // All that follow have more weights, so none is smaller.
        if weights > with_margin(least) {
            break;
        }
        let (needs, cost) = survey.estimate(combination);
        least = least.min(needs.image);
        found.push(Candidate { needs, cost, combination: combination.clone() });
    }
    found.sort_by(|a, b| a.needs.image.cmp(&b.needs.image).then(a.cost.total_cmp(&b.cost)));
    found
}

/// Positions of the offers that a stage may take: those with the form asked for, if one is.
fn allowed(offers: &[Offer], asked: Option<Form>) -> Vec<usize> {
    let fits = |offer: &Offer| offer.form.is_none() || asked.is_none_or(|form| offer.form == Some(form));
    (0..offers.len()).filter(|&at| fits(&offers[at])).collect()
}

/// All combinations of a variant, or for deep networks those on the way from the fastest to the smallest: the stage that
/// pays least for each byte saved changes first. None where the variant does not offer a form that is asked for.
fn combinations(survey: &Survey, variant: usize, asked: &[Option<Form>]) -> Vec<Combination> {
    let offers = &survey.variants[variant].offers;
    let allowed: Vec<Vec<usize>> = offers.iter().zip(asked).map(|(o, asked)| allowed(o, *asked)).collect();
    if allowed.iter().any(Vec::is_empty) {
        return vec![];
    }
    let combination = |picks: Vec<usize>| Combination { variant, picks };
    let count = allowed.iter().try_fold(1usize, |product, picks| product.checked_mul(picks.len()));
    if count.is_some_and(|n| n <= EXHAUSTIVE) {
        let mut all: Vec<Vec<usize>> = vec![vec![]];
        for picks in allowed {
            let longer = |head: &Vec<usize>| {
                let head = head.clone();
                picks.iter().map(move |&pick| [head.as_slice(), &[pick]].concat())
            };
            all = all.iter().flat_map(longer).collect();
        }
        return all.into_iter().map(combination).collect();
    }
    let cost = |stage: usize, pick: usize| offers[stage][pick].cost;
    let fastest = |(stage, picks): (usize, &Vec<usize>)| {
        picks.iter().copied().min_by(|&a, &b| cost(stage, a).total_cmp(&cost(stage, b)))
    };
    let mut picks: Vec<usize> = allowed.iter().enumerate().filter_map(fastest).collect();
    let mut path = vec![picks.clone()];
    while let Some((stage, pick)) = best_saving(offers, &picks, &allowed) {
        picks[stage] = pick;
        path.push(picks.clone());
    }
    let in_form = |form: Form| {
        let pick = |(stage, picks): (usize, &Vec<usize>)| {
            picks.iter().copied().find(|&p| offers[stage][p].form == Some(form)).unwrap_or(picks[0])
        };
        allowed.iter().enumerate().map(pick).collect()
    };
    path.extend(Form::ALL.map(in_form));
    path.into_iter().map(combination).collect()
}

/// The change to a smaller form that costs least for each byte.
fn best_saving(offers: &[Vec<Offer>], picks: &[usize], allowed: &[Vec<usize>]) -> Option<(usize, usize)> {
    let mut best: Option<(f64, usize, usize)> = None;
    for (stage, &pick) in picks.iter().enumerate() {
        let now = &offers[stage][pick];
        for &other in
            allowed[stage].iter().filter(|&&other| offers[stage][other].image_bytes() < now.image_bytes())
        {
            let offer = &offers[stage][other];
            let price = (offer.cost - now.cost) / (now.image_bytes() - offer.image_bytes()) as f64;
            if best.is_none_or(|(least, ..)| price < least) {
                best = Some((price, stage, other));
            }
        }
    }
    best.map(|(_, stage, pick)| (stage, pick))
}
