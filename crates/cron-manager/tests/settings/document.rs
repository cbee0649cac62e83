//! The page about the settings says what the code does.

use cron_manager::settings::SETTINGS;

const PAGE: &str = include_str!("../../../../docs/settings.md");

#[test]
fn the_page_names_each_setting_as_it_is() {
    let row = |setting: &cron_manager::settings::Setting| {
        let file_variable = setting.file_variable().map_or_else(String::new, |name| format!(", `{name}`"));
        format!(
            "| `{}` | `{}`{file_variable} | `--{}` | {} | {} |",
            setting.name,
            setting.variable,
            setting.flag,
            setting.default_text(),
            setting.about
        )
    };
    let wanted: Vec<String> = SETTINGS.iter().map(row).collect();
    let rows: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows, wanted, "the table of docs/settings.md should be:\n{}", wanted.join("\n"));
}
