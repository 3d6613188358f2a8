//! Compiles the gRPC contract without a system protoc.
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let nouns = ["refusal", "vm", "event", "host", "metrics", "console", "memory", "cpu"];
    let files = nouns.map(|noun| root.join(format!("quetzal/v1/{noun}.proto")));
    tonic_prost_build::configure().compile_fds(protox::compile(files, [root])?)?;
    Ok(())
}
