//! The API as `proto/cron/cron.proto` in this crate's sources defines it: its messages, its service, its client, and its descriptors.

#[cfg_attr(not(feature = "rest"), expect(dead_code, reason = "plain HTTP needs all that the proto says"))]
mod options;

use std::sync::LazyLock;

#[cfg(feature = "rest")]
use prost_reflect::ServiceDescriptor;
use prost_reflect::{DescriptorPool, MessageDescriptor};

pub use generated::*;
pub(crate) use options::marks;
#[cfg(feature = "rest")]
pub(crate) use options::{comment, http, role};

#[expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::missing_errors_doc,
    clippy::large_enum_variant,
    clippy::too_many_lines,
    missing_docs,
    reason = "written by a generator"
)]
mod generated {
    tonic::include_proto!("cron");
}

/// The descriptors of the API and of all that it imports: an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The descriptors of the API, to ask.
pub(crate) fn pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the build wrote them")]
        DescriptorPool::decode(DESCRIPTORS).expect("the descriptors of this build")
    });
    &POOL
}

/// The service of the API.
#[cfg(feature = "rest")]
pub(crate) fn service() -> ServiceDescriptor {
    let named = |service: &ServiceDescriptor| service.full_name() == cron_manager_server::SERVICE_NAME;
    #[expect(clippy::expect_used, reason = "the build wrote it")]
    pool().services().find(named).expect("the service of this build")
}

/// A message of the API by its full name.
pub(crate) fn message(name: &str) -> MessageDescriptor {
    #[expect(clippy::expect_used, reason = "the build wrote it")]
    pool().get_message_by_name(name).expect("a message of this build")
}
