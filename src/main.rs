use clap::{Parser, Subcommand};
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    c: C,
}
#[derive(Subcommand)]
enum C {
    Train(polyascan::cli::train::Args),
}
fn main() {
    let cli = Cli::parse();
    let C::Train(a) = &cli.c;
    if let Err(e) = polyascan::cli::train::run(a) {
        eprintln!("error: {e}");
        std::process::exit(1)
    }
}
