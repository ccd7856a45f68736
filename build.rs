//! Says to the tests whether ../shared is there; with the feature `cuda`, compiles the kernels.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const KERNELS: &str = "src/engine/cuda/kernels";

/// Data that some tests need; not every checkout has it.
const SHARED: &str = "../shared/README.md";
/// Set to anything, it makes the tests that need the data run, and fail, where it is not.
const REQUIRE: &str = "POLYASCAN_REQUIRE_SHARED";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(shared)");
    if Path::new(SHARED).exists() {
        println!("cargo::rerun-if-changed={SHARED}");
        println!("cargo::rustc-cfg=shared");
    } else {
        println!("cargo::rerun-if-env-changed={REQUIRE}");
        if env::var_os(REQUIRE).is_some() {
            println!("cargo::rustc-cfg=shared");
        }
    }
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return ExitCode::SUCCESS;
    }
    println!("cargo::rerun-if-changed={KERNELS}");
    for name in ["CUDA_COMPUTE_CAP", "CUDA_HOME", "NVCC"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}; `make cuda` fetches a CUDA compiler");
            ExitCode::FAILURE
        }
    }
}

/// Compiles to PTX, which the driver translates for whatever GPU it finds.
fn compile() -> Result<(), String> {
    let nvcc = nvcc();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?).join("kernels.ptx");
    let architecture = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "80".into());
    let status = Command::new(&nvcc)
        .args(["--ptx", "-O3", "-std=c++17"])
        .arg(format!("-arch=compute_{architecture}"))
        .arg("-o")
        .arg(out)
        .arg(Path::new(KERNELS).join("kernels.cu"))
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: {status}", nvcc.display())),
        Err(error) => Err(format!("cannot run {}: {error}", nvcc.display())),
    }
}

fn nvcc() -> PathBuf {
    let of_home = || env::var_os("CUDA_HOME").map(|home| Path::new(&home).join("bin/nvcc"));
    let named = env::var_os("NVCC").map(PathBuf::from).or_else(of_home);
    let usual = || Some(PathBuf::from("/usr/local/cuda/bin/nvcc")).filter(|path| path.exists());
    named.or_else(usual).unwrap_or_else(|| PathBuf::from("nvcc"))
}
