//! Vectors of eight floats, and functions that exist for several kinds of processors.

/// Floats that are computed at once.
pub(crate) const LANES: usize = 8;

/// Functions that exist twice: for any processor, and for an x86-64 with AVX2, which is looked for when one runs. `V` names
/// vectors of that kind, and loops over slices become such vectors where the compiler sees how. Both give the same bits: nothing
/// fuses a multiplication with an addition or changes the order of a sum.
macro_rules! vectorized {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            #[allow(clippy::extra_unused_type_parameters)]
            fn body<V: $crate::sequence::ops::lanes::Lanes>($($arg: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $type),*) $(-> $result)? {
                    body::<$crate::sequence::ops::lanes::Avx>($($arg),*)
                }
                // SAFETY: the processor has AVX2.
                return unsafe { wide($($arg),*) };
            }
            body::<$crate::sequence::ops::lanes::Plain>($($arg),*)
        }
    )*};
}
pub(crate) use vectorized;

/// Eight floats.
pub(crate) trait Lanes: Copy {
    /// The same float eight times.
    fn all(x: f32) -> Self;
    fn load(x: &[f32; LANES]) -> Self;
    fn store(self, x: &mut [f32; LANES]);
    /// `self + a · b`, each rounded.
    fn plus(self, a: Self, b: Self) -> Self;

    /// Their sum.
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut sums = [0.0; LANES];
        self.store(&mut sums);
        sum_of_lanes(sums)
    }
}

/// The sum of eight floats in the order in which it is always taken.
#[inline(always)]
pub(crate) fn sum_of_lanes(sums: [f32; LANES]) -> f32 {
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

/// Of any processor.
#[derive(Clone, Copy)]
pub(crate) struct Plain([f32; LANES]);

impl Lanes for Plain {
    #[inline(always)]
    fn all(x: f32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn load(x: &[f32; LANES]) -> Self {
        Self(*x)
    }

    #[inline(always)]
    fn store(self, x: &mut [f32; LANES]) {
        *x = self.0;
    }

    #[inline(always)]
    fn plus(mut self, a: Self, b: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] += a.0[lane] * b.0[lane];
        }
        self
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use avx::Avx;

#[cfg(target_arch = "x86_64")]
mod avx {
    use super::{LANES, Lanes};
    use std::arch::x86_64::{
        __m256, _mm256_add_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_storeu_ps,
    };

    /// Of a processor with AVX2: only [`super::vectorized`] names this type, behind its look at the processor.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx(__m256);

    impl Lanes for Avx {
        #[inline(always)]
        fn all(x: f32) -> Self {
            // SAFETY: the processor has AVX2.
            Self(unsafe { _mm256_set1_ps(x) })
        }

        #[inline(always)]
        fn load(x: &[f32; LANES]) -> Self {
            // SAFETY: the processor has AVX2, and there are eight floats.
            Self(unsafe { _mm256_loadu_ps(x.as_ptr()) })
        }

        #[inline(always)]
        fn store(self, x: &mut [f32; LANES]) {
            // SAFETY: the processor has AVX2, and there are eight floats.
            unsafe { _mm256_storeu_ps(x.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn plus(self, a: Self, b: Self) -> Self {
            // SAFETY: the processor has AVX2.
            Self(unsafe { _mm256_add_ps(self.0, _mm256_mul_ps(a.0, b.0)) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::numbers;

    fn results<V: Lanes>() -> Vec<u32> {
        let (x, y, z) = (numbers(8, 1), numbers(8, 2), numbers(8, 3));
        let load = |x: &[f32]| V::load(x.first_chunk().expect("eight"));
        let sums = load(&x).plus(load(&y), load(&z)).plus(V::all(0.3), load(&y));
        let mut out = [0.0; LANES];
        sums.store(&mut out);
        out.iter().chain([&sums.sum()]).map(|v| v.to_bits()).collect()
    }

    #[test]
    fn all_kinds_of_vectors_give_the_same_bits() {
        let plain = results::<Plain>();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            assert_eq!(plain, results::<Avx>());
        }
        let (x, y, z) = (numbers(8, 1), numbers(8, 2), numbers(8, 3));
        for lane in 0..LANES {
            assert_eq!(f32::from_bits(plain[lane]), x[lane] + y[lane] * z[lane] + 0.3 * y[lane]);
        }
    }
}
