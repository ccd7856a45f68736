//! What the CUDA build is linked with in place of CUDA's libraries.

use std::path::Path;
use std::process::Command;

use crate::support::Folder;

/// Functions of the C library's mathematics, and one that is nowhere.
const FUNCTIONS: &str = "#define FUNCTIONS(X) X(fma) X(ldexp) X(no_such_function)\n";
const PROGRAM: &str = r#"
double fma(double, double, double), ldexp(double, int);
int no_such_function(int), printf(const char *, ...);
int main(int count, char **words) {
    printf("%g %g %d\n", fma(count + 1, 3, 0.5), ldexp(count, 4), no_such_function(9));
    return 0;
}
"#;

#[test]
fn a_stub_forwards_arguments_to_the_library_it_finds_and_fails_as_told_without() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return eprintln!("skipped: the stub is for Linux on x86-64");
    }
    let folder = Folder::new();
    let main = folder.file("main.c", PROGRAM);
    folder.file("functions.h", FUNCTIONS);
    let include = format!("-I{}", Path::new(&main).parent().unwrap().display());
    let stub = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/cuda/library_stub.c");
    for (libraries, told) in [
        (r#"-DLIBRARIES="libnowhere.so","libm.so.6""#, "6.5 16 34\n"),
        (r#"-DLIBRARIES="libnowhere.so""#, ""),
    ] {
        let program = folder.at("program");
        let built = Command::new("cc")
            .args(["-O1", "-fno-builtin", &include, libraries, "-DMISSING=34"])
            .args([main.as_str(), stub, "-o", &program])
            .output();
        let Ok(built) = built else { return eprintln!("skipped: no C compiler") };
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let ran = Command::new(&program).output().unwrap();
        assert!(ran.status.success());
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(said.ends_with("34\n") && said.ends_with(told), "{libraries}: {said}");
    }
}
