//! Compiles the proto of the API into its messages, services and descriptors; no `protoc` is needed.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    #[cfg(feature = "grpc")]
    compile()?;
    Ok(())
}

#[cfg(feature = "grpc")]
fn compile() -> Result<(), Box<dyn Error>> {
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files(["cron/cron.proto"])?;
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    // The compiler's own encoding: the messages of `prost_types` would drop the options that are ours and Google's.
    std::fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    Ok(tonic_prost_build::configure().compile_fds(compiler.file_descriptor_set())?)
}
