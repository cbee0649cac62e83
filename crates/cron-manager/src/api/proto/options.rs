//! What the proto says of fields and methods beyond their types (`proto/cron/options.proto`).

use std::{collections::HashMap, sync::LazyLock};

use prost_reflect::{DynamicMessage, ExtensionDescriptor, FieldDescriptor, FileDescriptor, MethodDescriptor, Value};

use super::pool;

/// The marks of one field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// The text is JSON.
    pub(crate) json_text: bool,
    /// That JSON is an object.
    pub(crate) json_object: bool,
    /// Only the server writes it.
    pub(crate) output_only: bool,
    /// It stands for a field of `cron_config` in the original library's messages.
    pub(crate) original: bool,
    /// The values that it may have; none: any.
    pub(crate) words: Vec<String>,
}

/// The marks of `field`.
pub(crate) fn marks(field: &FieldDescriptor) -> &'static Marks {
    static ALL: LazyLock<HashMap<String, Marks>> = LazyLock::new(|| {
        let fields = pool().all_messages().flat_map(|message| message.fields().collect::<Vec<_>>());
        fields.map(|field| (field.full_name().to_owned(), read(&field.options()))).collect()
    });
    static NONE: LazyLock<Marks> = LazyLock::new(Marks::default);
    ALL.get(field.full_name()).unwrap_or(&NONE)
}

/// The least role that may call `method`, in words; empty where nothing is said.
pub(crate) fn role(method: &MethodDescriptor) -> String {
    let role = option(&method.options(), "cron.role");
    role.and_then(|role| role.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// The HTTP rule of `method`.
pub(crate) fn http(method: &MethodDescriptor) -> Option<DynamicMessage> {
    let extension = method.parent_pool().get_extension_by_name("google.api.http")?;
    let options = method.options();
    options.has_extension(&extension).then(|| options.get_extension(&extension).as_message().cloned())?
}

fn read(options: &DynamicMessage) -> Marks {
    let is = |name| option(options, name).and_then(|value| value.as_bool()).unwrap_or(false);
    let words = option(options, "cron.words");
    let words = words.as_ref().and_then(Value::as_list).unwrap_or_default();
    Marks {
        json_text: is("cron.json_text"),
        json_object: is("cron.json_object"),
        output_only: is("cron.output_only"),
        original: is("cron.original"),
        words: words.iter().filter_map(|word| word.as_str().map(ToOwned::to_owned)).collect(),
    }
}

fn option(options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension: ExtensionDescriptor = pool().get_extension_by_name(name)?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

/// What the proto says in words of the thing at `path` in `file`, in one line.
pub(crate) fn comment(file: FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    let lines = location.map(|location| location.leading_comments()).unwrap_or_default();
    lines.split_whitespace().collect::<Vec<_>>().join(" ")
}
