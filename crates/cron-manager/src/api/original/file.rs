//! A service that a team's own proto file describes.

use std::path::Path;

use prost_reflect::{DescriptorPool, ServiceDescriptor};
use protox::file::{ChainFileResolver, DescriptorSetFileResolver, File, GoogleFileResolver, IncludeFileResolver};

use super::{METHODS, OriginalMethod, OriginalService, ours, translate::Translation};
use crate::{
    Error, Result,
    api::{proto::DESCRIPTORS, rest::rules::Rules},
};

impl OriginalService {
    /// The service in the proto file at `path` that has methods called `CreateCronConfig` or `UpdateCronConfig`. Their messages may number their fields
    /// in any way: fields are matched by their names. The HTTP rules that the methods carry are followed; `google/api/annotations.proto` is
    /// there to import, other files are looked for in the folder of the file and those above it.
    ///
    /// Errors: invalid argument (`proto`): the file does not compile, has no such service or several, or has a field with a name that is not ours.
    pub fn of_proto(path: &Path) -> Result<Self> {
        let (pool, descriptors) = compile(path)?;
        let fits = |service: &ServiceDescriptor| service.methods().any(|method| METHODS.contains(&method.name()));
        let mut services = pool.services().filter(fits);
        let service = match (services.next(), services.next()) {
            (Some(service), None) => service,
            (None, _) => return Err(invalid(path, format!("no service in it has a method {}", METHODS.join(" or ")))),
            (Some(one), Some(other)) => {
                return Err(invalid(
                    path,
                    format!("which service? there are {} and {}", one.full_name(), other.full_name()),
                ));
            }
        };
        let (mut methods, mut rules) = (Vec::new(), Rules::default());
        for theirs in service.methods().filter(|method| METHODS.contains(&method.name())) {
            let Some(ours) = ours().into_iter().find(|ours| ours.name() == theirs.name()) else { continue };
            let translation = Translation::new(&theirs).map_err(|message| invalid(path, message))?;
            rules = rules.and(Rules::alias(&theirs, &ours));
            let grpc_path = format!("/{}/{}", service.full_name(), theirs.name());
            methods.push(OriginalMethod { path: grpc_path, ours, translation: Some(translation) });
        }
        Ok(Self { name: service.full_name().to_owned(), methods, rules, descriptors })
    }
}

fn compile(path: &Path) -> Result<(DescriptorPool, Vec<u8>)> {
    let source = std::fs::read_to_string(path).map_err(|error| invalid(path, error))?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("service.proto").to_owned();
    let mut files = ChainFileResolver::new();
    files.add(One { name: name.clone(), source });
    files.add(GoogleFileResolver::new());
    // Of ours, others import Google's two files only; the rest is under names of its own.
    files.add(DescriptorSetFileResolver::decode(DESCRIPTORS).map_err(|error| invalid(path, error))?);
    for folder in path.ancestors().skip(1) {
        files.add(IncludeFileResolver::new(if folder.as_os_str().is_empty() { ".".into() } else { folder.to_owned() }));
    }
    let mut compiler = protox::Compiler::with_file_resolver(files);
    compiler.include_imports(true);
    compiler.open_file(&name).map_err(|error| invalid(path, format!("{error:?}")))?;
    Ok((compiler.descriptor_pool(), compiler.encode_file_descriptor_set()))
}

fn invalid(path: &Path, message: impl std::fmt::Display) -> Error {
    Error::invalid("proto", format!("{}: {message}", path.display()))
}

/// The file that was read.
struct One {
    name: String,
    source: String,
}

impl protox::file::FileResolver for One {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        (path.to_str() == Some(&self.name)).then(|| self.name.clone())
    }

    fn open_file(&self, name: &str) -> std::result::Result<File, protox::Error> {
        match name == self.name {
            true => File::from_source(name, &self.source),
            false => Err(protox::Error::file_not_found(name)),
        }
    }
}
