//! Lists that the compiler does not check against their enums.

use mlc_compiler::model::WeightSet;
use mlc_compiler::plan::Optimize;
use mlc_compiler::target::ImageKind;
use mlc_compiler::weights::Form;
use std::iter::successors;

/// Every variant, as a match gives the next one: a new variant does not compile before it has its place in the match.
#[test]
fn all_forms_are_listed_in_order() {
    let next = |form: &Form| match form {
        Form::Packed => Some(Form::Columns),
        Form::Columns => Some(Form::Shared),
        Form::Shared => Some(Form::Gaps),
        Form::Gaps => Some(Form::Unrolled),
        Form::Unrolled => Some(Form::Planes),
        Form::Planes => None,
    };
    let forms: Vec<Form> = successors(Some(Form::Packed), next).collect();
    assert_eq!(forms, Form::ALL);
    for (i, form) in forms.into_iter().enumerate() {
        assert_eq!(form.index(), i, "{form}");
    }
}

#[test]
fn all_weight_sets_are_listed() {
    let next = |set: &WeightSet| match set {
        WeightSet::Full => Some(WeightSet::Ternary),
        WeightSet::Ternary => Some(WeightSet::Binary),
        WeightSet::Binary => None,
    };
    assert_eq!(successors(Some(WeightSet::Full), next).collect::<Vec<_>>(), WeightSet::ALL);
}

#[test]
fn all_kinds_of_images_are_listed() {
    let next = |kind: &ImageKind| match kind {
        ImageKind::Com => Some(ImageKind::Tap),
        ImageKind::Tap => Some(ImageKind::Tzx),
        ImageKind::Tzx => Some(ImageKind::Wav),
        ImageKind::Wav => Some(ImageKind::Sna),
        ImageKind::Sna => Some(ImageKind::Dsk),
        ImageKind::Dsk => Some(ImageKind::Cdt),
        ImageKind::Cdt => Some(ImageKind::Bin),
        ImageKind::Bin => Some(ImageKind::Rom),
        ImageKind::Rom => Some(ImageKind::Hex),
        ImageKind::Hex => Some(ImageKind::Elf),
        ImageKind::Elf => None,
    };
    assert_eq!(successors(Some(ImageKind::Com), next).collect::<Vec<_>>(), ImageKind::ALL);
}

#[test]
fn all_that_can_be_optimised_for_is_listed() {
    let next = |what: &Optimize| match what {
        Optimize::Speed => Some(Optimize::Size),
        Optimize::Size => None,
    };
    assert_eq!(successors(Some(Optimize::Speed), next).collect::<Vec<_>>(), Optimize::ALL);
}
