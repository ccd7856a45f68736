//! The kernels that hold unsafe code, by themselves: all that Miri and an emulator of another CPU have to run
//! (`make sanitize`). The modules are links to those of `src/engine/cpu`.

/// Stands for the crate's errors.
pub mod error {
    /// What is wrong.
    #[derive(Debug)]
    pub struct Problem(pub String);

    impl From<String> for Problem {
        fn from(problem: String) -> Self {
            Self(problem)
        }
    }
}

pub mod matmul;
pub mod simd;
