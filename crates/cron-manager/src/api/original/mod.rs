//! The two methods of the original library, under the name of the user's own service.
//!
//! There the service was the user's: `cron.InventoryService` with `CreateCronConfig` and `UpdateCronConfig`, over REST at
//! `/v1/inventory/cron-config`. Clients made for it find both here.

mod file;
mod translate;

use prost::Message;
use prost_reflect::MethodDescriptor;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};

use super::{proto, rest::rules::Rules};
use crate::{Error, Result};
pub(super) use translate::Translation;

/// The methods that the original library's service has.
const METHODS: [&str; 2] = ["CreateCronConfig", "UpdateCronConfig"];

/// A service with the original library's two methods.
///
/// ```
/// use cron_manager::api::OriginalService;
///
/// let service = OriginalService::named("inventory")?;
/// assert_eq!(service.name(), "cron.InventoryService");
/// # Ok::<(), cron_manager::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OriginalService {
    name: String,
    pub(super) methods: Vec<OriginalMethod>,
    /// The ways to its methods over HTTP.
    pub(super) rules: Rules,
    /// Its description, for reflection.
    pub(super) descriptors: Vec<u8>,
}

/// One of its methods.
#[derive(Clone, Debug)]
pub(super) struct OriginalMethod {
    /// Its path in gRPC.
    pub(super) path: String,
    /// The method that does it.
    pub(super) ours: MethodDescriptor,
    /// Where its messages are not ours.
    pub(super) translation: Option<Translation>,
}

impl OriginalService {
    /// The service called `name`, as in `inventory`, `stock-keeping`: `cron.InventoryService` over gRPC; over REST all that is under `/v1` is under
    /// `/v1/inventory`, too, and shows contexts as the original library does, as strings.
    ///
    /// Errors: invalid argument (`service`).
    pub fn named(name: &str) -> Result<Self> {
        let invalid = |message: String| Error::invalid("service", message);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) || name.len() > 64 {
            let message = "write the name of a service as in inventory or stock-keeping: 1 to 64 of a-z, 0-9, - and _, a letter first";
            return Err(invalid(format!("{name:?} is no name of a service; {message}")));
        }
        let rules = Rules::of(&proto::service());
        if rules.first_segments().any(|segment| segment == name) {
            return Err(invalid(format!("/v1/{name} has its own meaning here; choose another name")));
        }
        let service = format!("{}Service", in_pascal_case(name));
        let full_name = format!("cron.{service}");
        let methods = ours().into_iter().map(|ours| OriginalMethod::same(&full_name, ours)).collect();
        Ok(Self { methods, rules: rules.under(name), descriptors: descriptors(name, service), name: full_name })
    }

    /// The full name of the service.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The method at a path in gRPC.
    pub(super) fn method(&self, path: &str) -> Option<&OriginalMethod> {
        self.methods.iter().find(|method| method.path == path)
    }
}

impl OriginalMethod {
    /// A method with our messages.
    fn same(service: &str, ours: MethodDescriptor) -> Self {
        Self { path: format!("/{service}/{}", ours.name()), ours, translation: None }
    }
}

/// The methods of ours that do it.
fn ours() -> Vec<MethodDescriptor> {
    proto::service().methods().filter(|method| METHODS.contains(&method.name())).collect()
}

fn in_pascal_case(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split(['-', '_']).filter(|word| !word.is_empty()).map(capital).collect()
}

/// The description of a service with our messages.
fn descriptors(name: &str, service: String) -> Vec<u8> {
    let method = |method: MethodDescriptor| MethodDescriptorProto {
        name: Some(method.name().to_owned()),
        input_type: Some(format!(".{}", method.input().full_name())),
        output_type: Some(format!(".{}", method.output().full_name())),
        ..MethodDescriptorProto::default()
    };
    let methods = ours().into_iter().map(method).collect();
    let service = ServiceDescriptorProto { name: Some(service), method: methods, options: None };
    let file = FileDescriptorProto {
        name: Some(format!("cron/services/{name}.proto")),
        package: Some("cron".to_owned()),
        dependency: vec!["cron/cron.proto".to_owned()],
        service: vec![service],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_name_that_the_original_would_give_it() {
        for (name, service) in [
            ("inventory", "cron.InventoryService"),
            ("stock-keeping", "cron.StockKeepingService"),
            ("stock_keeping2", "cron.StockKeeping2Service"),
        ] {
            let service_named = OriginalService::named(name).unwrap();
            assert_eq!(service_named.name(), service);
            let paths: Vec<_> = service_named.methods.iter().map(|method| method.path.clone()).collect();
            assert_eq!(paths, METHODS.map(|method| format!("/{service}/{method}")));
        }
    }

    #[test]
    fn a_name_that_would_not_be_found_again_is_refused() {
        for name in ["", "Inventory", "in ventory", "in/ventory", "-x", "1x", "cron-config", "cron-job", "replica"] {
            assert_eq!(OriginalService::named(name).unwrap_err().field(), Some("service"), "{name}");
        }
    }
}
