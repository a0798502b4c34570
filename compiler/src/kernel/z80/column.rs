//! Kernels that add the weights of one input, a column, to the accumulators. Whoever has the inputs (a hash, a scan of
//! the layer before) finds the column's address and hands it over.

use super::{bits, gaps, lists, packed, pages, unrolled};
use crate::CompileError;
use crate::kernel::{Fragment, Site, Templates};
use crate::stage::Product;
use crate::weights::{Column, Form, tiles};
use serde::Serialize;

/// One way to store a column and to add it.
pub trait ColumnKernel: Sync {
    /// Its template.
    fn template(&self) -> &'static str;

    /// Whether it is a subroutine, which comes back to the stage. Otherwise a column itself leads back: that takes more
    /// bytes and less time, and what is around it then follows the same taste.
    fn is_called(&self) -> bool;

    /// Whether it can count in bytes.
    fn can_count(&self) -> bool;

    /// Bytes of all columns, without the table of their addresses.
    fn bytes(&self, product: &Product) -> usize;

    /// T-states of one use of a column, without carries.
    fn column(&self, product: &Product, column: &Column) -> f64;

    /// T-states of coming back to the stage that are neither the stage's code nor the column's: of `ret` behind each
    /// call, or of `jp` at a column's end.
    fn returns(&self, product: &Product) -> f64;

    /// Labels of code that [`ColumnKernel::apply`] names.
    fn calls(&self) -> &'static [&'static str];

    /// T-states of a carry into the high byte.
    fn carry(&self) -> f64;

    /// Whether it calls the routines that carry into high bytes.
    fn calls_carry(&self) -> bool {
        false
    }

    /// Bytes of the code that these products share.
    fn code_bytes(&self, products: &[&Product]) -> usize;

    /// Code that hands a column to the kernel: its address is in HL (in BC if [`ColumnKernel::in_bc`]), the activation
    /// in E.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    fn apply(&self, templates: &Templates, apply: &Apply) -> Result<String, CompileError> {
        templates.call(self.template(), "apply", apply)
    }

    /// Whether it wants the column's address in BC.
    fn in_bc(&self) -> bool {
        false
    }

    /// Whether an empty column is one of its own, which the last of a scan needs to lead out of it.
    fn owns_last(&self) -> bool {
        !self.is_called()
    }

    /// Label of what all empty columns share.
    fn empty(&self, segment: &str) -> String {
        format!("{segment}_empty")
    }

    /// A column for the template.
    fn context(&self, product: &Product, stride: usize, place: ColumnPlace, column: &Column)
    -> ColumnContext;

    /// The code that stages share; nothing if these products need none.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    fn shared(&self, site: &Site, products: &[&Product]) -> Result<Fragment, CompileError>;
}

/// Where a column is handed over.
#[derive(Clone, Serialize)]
pub struct Apply {
    /// The page of the accumulators' low bytes, or of the high ones.
    pub page: String,
    /// Outputs in each tile, and pages from one to the next.
    pub tiles: Vec<usize>,
    pub stride: usize,
    /// Byte accumulators.
    pub counts: bool,
    /// The system's interrupts need the alternate registers.
    pub keeps_alternate: bool,
}

impl Apply {
    /// One to be counted.
    pub fn specimen(product: &Product) -> Self {
        Self {
            page: "0".into(),
            tiles: tiles(product.outputs),
            stride: pages(product.elem()),
            counts: product.counts().is_some(),
            keeps_alternate: false,
        }
    }
}

/// A column's label, and where a column that leads on leads to.
pub struct ColumnPlace {
    pub stage: String,
    pub label: String,
    pub end: String,
}

/// A column as the templates show it: lists, bytes, or code.
#[derive(Serialize)]
pub struct ColumnContext {
    pub label: String,
    pub end: String,
    pub lists: Vec<List>,
    pub bytes: Vec<String>,
    pub code: Vec<String>,
}

/// An entry of a column list and what it takes.
#[derive(Serialize)]
pub struct List {
    pub entry: String,
    pub indices: String,
}

impl ColumnContext {
    pub fn new(place: ColumnPlace) -> Self {
        let ColumnPlace { label, end, .. } = place;
        Self { label, end, lists: vec![], bytes: vec![], code: vec![] }
    }
}

/// The kernel of a form, for the weights that a product has; `None` for a form that has no columns.
pub fn find_kernel(form: Form, product: &Product) -> Option<&'static dyn ColumnKernel> {
    Some(match form {
        Form::Packed if bits::takes(product) => &bits::Bits,
        Form::Packed => &packed::Packed,
        Form::Columns | Form::Shared => &lists::Lists,
        Form::Gaps => &gaps::Gaps,
        Form::Unrolled => &unrolled::Unrolled,
        Form::Planes => return None,
    })
}

/// The same for a form that a kernel of columns has offered.
pub fn column_kernel(form: Form, product: &Product) -> &'static dyn ColumnKernel {
    find_kernel(form, product).expect("kernels of columns offer forms that have columns only")
}

/// All of them, in the order in which their code stands in a program.
pub const COLUMN_KERNELS: [&dyn ColumnKernel; 5] =
    [&lists::Lists, &packed::Packed, &bits::Bits, &gaps::Gaps, &unrolled::Unrolled];
