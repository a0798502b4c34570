//! Where the weights of a sequence model live: all in the image, all in banks that it has shown one after the other, or those
//! that it has no room for in a file beside it, or in a flash chip.

use crate::error::ShortOf;
use crate::image::{self, Image};
use crate::kernel::predict::{Assembled, Known, Tokens};
use crate::kernel::sequence::{self, Filed, Filing, Home, SequenceSite, Step, unsupported};
use crate::kernel::{Machine, PAGE, beams, tidy};
use crate::plan::{Needs, Plan, Storage};
use crate::target::{self, Selector, Target};
use crate::words::grouped;
use crate::{CompileError, render};
use std::collections::BTreeSet;

/// Most records of the buffer, the preferred first. The smaller, the longer is the list of blocks.
const BUFFERS: [usize; 2] = [9, 4];
/// Nothing is buffered of a flash chip.
const UNBUFFERED: [usize; 1] = [0];
/// How often what the image has of the weights is made smaller before the file has all.
const TRIES: usize = 6;
/// Most bytes of buffers whose offsets an assembly text can have.
const MOST_BUFFERS: usize = 65_535;
/// Bytes of memory that shows where banks do.
const SECOND_RAM: usize = 0x4000;
/// Bytes that matrices are counted in when the room in the image is filled.
const UNIT: usize = 16;
/// Most bytes that the estimate of an image in flash is wrong by.
const MOST_WRONG: usize = 16_384;
/// Bytes of code and of data beside weights, about.
const CODE: usize = 12_000;

/// A program that fits.
pub struct Placed {
    pub plan: Plan,
    pub assembly: String,
    pub image: Image,
}

/// A program, whether it fits or not.
struct Built {
    plan: Plan,
    assembly: String,
    /// `None`: memory ends before it does.
    image: Option<Image>,
    known: Known,
    steps: Vec<Step>,
}

impl Built {
    fn new(site: &SequenceSite) -> Result<Self, CompileError> {
        let request = site.request;
        let program = sequence::program(site)?;
        let name = request.model.head.name.clone();
        let plan = Plan::of_program(name, Machine::of(request.target), program.memory);
        let text = render::Text { assembly: tidy(&program.text.code), phases: program.text.phases };
        let logits = site.body.outputs();
        // Buffers that no address reaches are not even written down.
        let image = match plan.layout.memory.size <= MOST_BUFFERS {
            true => image::assemble_sequence(&plan, request.target, &text, logits)?,
            false => None,
        };
        let image = image.map(|image| Image { beside: program.beside, banked: program.banked, ..image });
        let known = Known { label: site.story.classifies(), ..program.known };
        let steps = program.steps;
        Ok(Self { plan, assembly: text.assembly, image, known, steps })
    }

    /// By how many bytes it is too large, 0 if it fits. `None`: memory ends before it does.
    fn excess(&self, site: &SequenceSite) -> Option<usize> {
        let request = site.request;
        let whole = match site.selector {
            Some(selector) => selector.rest(request.target),
            // These programs read all flash.
            None => Target { flash: request.target.whole_flash(), ..request.target.clone() },
        };
        let image = self.image.as_ref()?;
        let excess = request.demands.excess(&whole, image.needs());
        Some(excess.max(second_excess(image)).max(banks_excess(site, image)))
    }

    /// By how many bytes it is too large for flash alone.
    fn image_excess(&self, site: &SequenceSite) -> Option<usize> {
        let request = site.request;
        if request.target.rom.is_some() {
            return None;
        }
        let flash = request.target.whole_flash()?.min(request.demands.max_bytes.unwrap_or(usize::MAX));
        Some(self.image.as_ref()?.bytes.len().saturating_sub(flash))
    }

    /// Its plan, with what is predicted of it.
    fn plan(self, site: &SequenceSite) -> (Plan, String, Option<Image>) {
        let Self { plan, assembly, image, known, steps } = self;
        let tokens = image.as_ref().map(|image| {
            let phases = image.phases.iter().map(|phase| (phase.start, phase.name.as_deref())).collect();
            let (isa, text) = (image.isa, assembly.as_str());
            let tokens = Tokens::predict(&known, &Assembled { isa, assembly: &image.assembly, text, phases });
            tokens.map(|tokens| tokens.slowed(Machine::of(site.request.target).slowdown()))
        });
        // Where memory ends before the program, its weights say about how large it is.
        let inside = steps.iter().filter_map(|step| step.offers.first()).filter(|o| o.home == Home::Image);
        let image_bytes = inside.map(|offer| offer.bytes).sum::<usize>() + CODE;
        let needs = Needs { image: image_bytes, buffers: plan.layout.memory.size };
        let needs = image.as_ref().map_or(needs, Image::needs);
        (plan.foretold(needs, tokens, steps, site.request.target.flash.is_some()), assembly, image)
    }

    /// Why it does not fit.
    fn refused(&self, site: &SequenceSite) -> CompileError {
        let (model, target) = (site.request.model, site.request.target);
        let needs = match self.image.as_ref().map(Image::needs) {
            Some(needs) if target.flash.is_some() => format!(
                "it needs {} bytes of {} and {} of RAM",
                grouped(needs.image as u64),
                target.code_memory(),
                grouped(needs.buffers as u64)
            ),
            Some(needs) => format!("with its buffers it needs {} bytes", grouped(needs.total() as u64)),
            None => {
                let buffers = grouped(self.plan.layout.memory.size as u64);
                format!("memory ends before its program does, and its buffers need {buffers} bytes more")
            }
        };
        let needs = match self.image.as_ref().map_or([0; 2], second_excesses) {
            [0, 0] => needs,
            [0, near] => format!("{needs}, and the part of its code for attention is {near} bytes too large"),
            [caches, _] => {
                format!("{needs}, and {} bytes too many of keys and values", grouped(caches as u64))
            }
        };
        let needs = match site.story.choice.beam {
            Some(width) => {
                let caches = grouped(self.plan.layout.memory.caches() as u64);
                format!("{needs}, {caches} bytes of them for keys and values of {width} replies side by side")
            }
            None => needs,
        };
        let image = self.image.as_ref();
        let needs = match (site.filing, site.selector) {
            (Some(_), _) => format!("its weights in a file, {needs}"),
            (None, Some(selector)) if image.is_some_and(|image| banks_excess(site, image) > 0) => {
                let bytes = image.and_then(|image| image.banked.as_ref()).map_or(0, |b| b.bytes.len() as u64);
                let (most, bank, name) = (selector.most(), selector.bank() >> 10, selector.name());
                format!(
                    "its weights need {} bytes, and there are {most} banks of {bank} KB for them ({name})",
                    grouped(bytes)
                )
            }
            (None, Some(selector)) => format!("its weights in banks of {}, {needs}", selector.name()),
            (None, None) => needs,
        };
        let (name, target) = (model.head.name.clone(), target.name.clone());
        let is_elsewhere =
            site.selector.is_some() && image.is_none_or(|image| banks_excess(site, image) == 0);
        let short_of = match site.story.choice.beam {
            Some(_) if is_elsewhere || site.selector.is_none() => ShortOf::Replies,
            None if is_elsewhere => ShortOf::Memory,
            _ => ShortOf::Weights,
        };
        CompileError::SequenceTooLarge { name, target, needs, short_of }
    }
}

/// Of caches in a memory of their own: by how many bytes they are too large for it, and by how many what attention looks up
/// lies behind where that memory begins.
fn second_excesses(image: &Image) -> [usize; 2] {
    let Some((second, bytes)) = image.banked.as_ref().and_then(|banked| banked.caches) else { return [0; 2] };
    let near = image.assembly.table.get("near_end").map_or(0, |symbol| symbol.value as usize);
    let end = usize::from(second) % SECOND_RAM + bytes;
    [end.saturating_sub(SECOND_RAM), near.saturating_sub(second.into())]
}

fn second_excess(image: &Image) -> usize {
    second_excesses(image).into_iter().max().unwrap_or(0)
}

/// By how many bytes what is in banks is too large for all of them.
fn banks_excess(site: &SequenceSite, image: &Image) -> usize {
    let Some((banked, selector)) = image.banked.as_ref().zip(site.selector) else { return 0 };
    let caches =
        selector.caches().filter(|bank| banked.pages.last().is_some_and(|last| last.name == bank.name));
    let most = selector.most() + usize::from(caches.is_some());
    banked.bytes.len().saturating_sub(most * selector.bank())
}

impl Built {
    /// How many pages a ring of tables may take for the buffers to fit a RAM of their own. `None`: fewer do not help.
    fn fewer_pages(&self, site: &SequenceSite) -> Option<usize> {
        let (target, memory) = (site.request.target, &self.plan.layout.memory);
        let above = match site.selector {
            Some(selector @ Selector::Port { .. }) => {
                let image = self.image.as_ref()?;
                image.memory_end.checked_sub(selector.rest(target).memory_end.into())
            }
            _ if target.rom.is_some() => memory.size.checked_sub(target.memory()),
            _ => None,
        };
        let above = above.filter(|above| *above > 0)?;
        let tables = memory.buffers.iter().find(|buffer| buffer.name == "tables")?;
        // There are two rings.
        let [tables, less] = [tables.size, above].map(|bytes| bytes.div_ceil(2 * PAGE));
        tables.checked_sub(less).filter(|pages| *pages > 0)
    }
}

/// The most records of buffers to try, where there can be a file of weights.
fn buffers(target: &Target) -> Option<&'static [usize]> {
    match target.machine {
        target::Machine::Cpm if !target.is_library() => Some(&BUFFERS),
        _ if target.spi_flash.is_some() => Some(&UNBUFFERED),
        _ => None,
    }
}

/// The program of a sequence model, its weights where they have room.
///
/// # Errors
/// What the kernels do not compute; a program that does not fit; a damaged template.
pub fn place(site: &SequenceSite) -> Result<Placed, CompileError> {
    let request = site.request;
    let has_files = buffers(request.target).is_some();
    let has_banks = !request.target.selectors().is_empty();
    let built = match request.demands.storage {
        Storage::File if !has_files => return Err(unsupported(site, "weights in a file")),
        Storage::File => in_file(site, false)?,
        Storage::Banks if !has_banks => return Err(unsupported(site, "weights in banks")),
        Storage::Banks => in_banks(site)?,
        Storage::Image => in_image(site)?,
        Storage::Auto => match in_image(site) {
            Err(CompileError::SequenceTooLarge { .. }) if has_banks => in_banks(site)?,
            Err(CompileError::SequenceTooLarge { .. }) if has_files => in_file(site, true)?,
            built => built?,
        },
    };
    let (plan, assembly, image) = built.plan(site);
    let image = image.ok_or_else(|| unsupported(site, "a program that ends behind memory"))?;
    Ok(Placed { plan, assembly, image })
}

/// The plan of the program that [`place`] gives; if it does not fit, of the one with the smallest image.
///
/// # Errors
/// What the kernels do not compute; a damaged template.
pub fn price(site: &SequenceSite) -> Result<Plan, CompileError> {
    match place(site) {
        Err(CompileError::SequenceTooLarge { .. }) => {}
        placed => return Ok(placed?.plan),
    }
    let request = site.request;
    let least = buffers(request.target).and_then(|all| all.last());
    let least = least.filter(|_| request.demands.storage != Storage::Image);
    let filing = least.map(|&records| Filing { inside: BTreeSet::new(), records });
    match Built::new(&SequenceSite { filing: filing.as_ref(), ..*site }) {
        // A row is longer than such a buffer.
        Err(CompileError::Sequence { .. }) if filing.is_some() => Ok(Built::new(site)?.plan(site).0),
        built => Ok(built?.plan(site).0),
    }
}

/// The program with all weights in the image, with the largest tables that its memory has room for.
fn in_image(site: &SequenceSite) -> Result<Built, CompileError> {
    let mut site = *site;
    let mut tries = TRIES;
    loop {
        let built = Built::new(&site)?;
        if built.excess(&site) == Some(0) {
            return Ok(built);
        }
        // Forms were chosen by an estimate of the code; there may be smaller ones.
        match (built.fewer_pages(&site), built.image_excess(&site)) {
            // It falls from round to round, or tables are as small as they get.
            (Some(pages), _) if site.pages.is_none_or(|before| pages < before) => site.pages = Some(pages),
            (None, Some(excess @ 1..MOST_WRONG)) if tries > 0 => {
                site.less += excess;
                tries -= 1;
            }
            _ => return Err(built.refused(&site)),
        }
    }
}

/// The same with all weights in banks, those of the first selector that leaves room for the rest: with keys and values beside
/// the other buffers, or else in the memory of larger machines.
fn in_banks(site: &SequenceSite) -> Result<Built, CompileError> {
    let mut refused = unsupported(site, "weights in banks");
    // Banks of RAM are few: where weights that are fast do not fit, small ones may.
    let few = |(selector, _): &(Selector, _)| matches!(selector, Selector::Port { .. });
    let mut all = site.request.target.selectors();
    if beams::width(site.story).is_some() {
        // Keys and values of a reply are copied for another one: both must be seen at once.
        all.retain(|(_, second_ram)| second_ram.is_none());
    }
    let tight = all.iter().copied().filter(few).map(|way| (way, true));
    for ((selector, second_ram), tight) in all.iter().map(|&way| (way, false)).chain(tight) {
        match in_image(&SequenceSite { selector: Some(selector), second_ram, tight, ..*site }) {
            Err(error @ CompileError::SequenceTooLarge { .. }) => refused = error,
            built => return built,
        }
    }
    Err(refused)
}

/// The program with the largest buffer that fits. `fills`: its image has as many whole matrices as it has room for, those
/// that save the most.
fn in_file(site: &SequenceSite, fills: bool) -> Result<Built, CompileError> {
    let filed = |records, inside: BTreeSet<String>| {
        let filing = Filing { inside, records };
        let site = SequenceSite { filing: Some(&filing), ..*site };
        let built = Built::new(&site)?;
        let excess = built.excess(&site);
        let refused = (excess != Some(0)).then(|| built.refused(&site));
        Ok::<_, CompileError>((built, excess, refused))
    };
    let mut last = None;
    for &records in buffers(site.request.target).unwrap_or_default() {
        let (all, _, refused) = match filed(records, BTreeSet::new()) {
            // A row is longer than such a buffer: what was said of the larger one counts.
            Err(error @ CompileError::Sequence { .. }) => return Err(last.unwrap_or(error)),
            built => built?,
        };
        if refused.is_some() {
            last = refused;
            continue;
        }
        let Some(image) = &all.image else { continue };
        let matrices = image.beside.as_ref().map_or(vec![], |beside| beside.matrices.clone());
        let target = site.request.target;
        // Such programs read all flash.
        let room = target.whole_flash().map(|flash| flash.saturating_sub(image.bytes.len()));
        let mut room = if fills { room.unwrap_or_else(|| image.room(target)) } else { 0 };
        if let Some(most) = site.request.demands.max_bytes {
            room = room.min(most.saturating_sub(image.bytes.len()));
        }
        for _ in 0..TRIES {
            let inside = choose(&matrices, room);
            if inside.is_empty() {
                break;
            }
            let (built, excess, _) = filed(records, inside)?;
            match excess {
                Some(0) => return Ok(built),
                // The buffers begin at a page.
                excess => room = room.saturating_sub(excess.unwrap_or(room / 4).max(PAGE)),
            }
        }
        return Ok(all);
    }
    Err(last.unwrap_or_else(|| unsupported(site, "such weights in a file")))
}

/// The matrices that save most in so many bytes of the image.
fn choose(matrices: &[Filed], room: usize) -> BTreeSet<String> {
    let units = room / UNIT;
    // The most that is gained with so many units, and of each matrix where it is taken for them.
    let mut best = vec![0; units + 1];
    let mut taken = Vec::new();
    for matrix in matrices {
        let size = matrix.bytes.div_ceil(UNIT);
        let mut takes = vec![false; units + 1];
        for at in (size..=units).rev() {
            let with = best[at - size] + matrix.gain;
            if with > best[at] {
                (best[at], takes[at]) = (with, true);
            }
        }
        taken.push(takes);
    }
    let mut inside = BTreeSet::new();
    let mut at = units;
    for (matrix, takes) in matrices.iter().zip(&taken).rev() {
        if takes[at] {
            inside.insert(matrix.name.clone());
            at -= matrix.bytes.div_ceil(UNIT);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_has_what_saves_most_records() {
        let matrix = |name: &str, bytes, gain| {
            let (name, reads) = (name.into(), gain);
            Filed { name, bytes, reads, gain, inside: false }
        };
        let all = [matrix("a", 1000, 8), matrix("b", 600, 5), matrix("c", 500, 4), matrix("rows", 300, 1)];
        let chosen = |room| choose(&all, room).into_iter().collect::<Vec<_>>();
        assert_eq!(chosen(100), Vec::<String>::new());
        assert_eq!(chosen(1120), ["b", "c"]);
        assert_eq!(chosen(1030), ["a"]);
        assert_eq!(chosen(10_000), ["a", "b", "c", "rows"]);
    }
}
