//! Secrets: files that hold them, and that nothing shows them.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use cron_manager::{
    domain::TokenHash,
    settings::{SETTINGS, Settings, Source, Sources},
};

use crate::support::{Folder, environment};

/// What must be seen nowhere.
const CANARY: &str = "c4n4ry";

#[test]
fn a_secret_may_lie_in_a_file_of_its_own() {
    let folder = Folder::new();
    let secrets: Vec<_> = SETTINGS.iter().filter(|setting| setting.secret).collect();
    let variables: Vec<_> = secrets.iter().map(|setting| setting.variable).collect();
    assert_eq!(variables, ["DATABASE_URL", "REDIS_URL", "CRON_MANAGER_ENCRYPTION_KEYS", "CRON_MANAGER_TOKEN"]);
    for setting in secrets.into_iter().take(3) {
        for (text, kept) in
            [("redis://u:p@h\n", "redis://u:p@h"), ("redis://h\r\n", "redis://h"), ("redis://h/\n\n", "redis://h/\n")]
        {
            let path = folder.write("secret", text);
            let variable = setting.file_variable().unwrap();
            let settings = Settings::load_with(&environment(&[(&variable, path.to_str().unwrap())])).unwrap();
            let found = match setting.name {
                "redis_url" => settings.redis_url.as_ref().map(|url| url.expose()),
                "database_url" => settings.database_url.as_ref().map(|url| url.expose()),
                _ => settings.encryption_keys.as_ref().map(|keys| keys.expose()),
            };
            assert_eq!(found, Some(kept));
            assert_eq!(settings.source(setting.name), Source::Environment(variable));
        }
    }
}

#[test]
fn a_secret_given_twice_is_refused() {
    let folder = Folder::new();
    let path = folder.write("secret", "redis://h");
    for setting in SETTINGS.iter().filter(|setting| setting.secret) {
        let (variable, file) = (setting.variable, setting.file_variable().unwrap());
        let error = Settings::load_with(&environment(&[(variable, "redis://h"), (&file, path.to_str().unwrap())]));
        let told = format!("{}: {variable} and {file} are both set; unset one of them", setting.name);
        assert_eq!(error.unwrap_err().to_string(), told);
    }
}

#[test]
fn a_file_of_a_secret_that_is_absent_or_empty_is_an_error_that_names_it() {
    let folder = Folder::new();
    for path in [folder.path("absent"), folder.write("empty", "\n")] {
        let path = path.to_str().unwrap();
        let error = Settings::load_with(&environment(&[("DATABASE_URL_FILE", path)])).unwrap_err().to_string();
        assert!(error.starts_with(&format!("database_url: environment DATABASE_URL_FILE: {path}: ")), "{error}");
    }
}

#[test]
fn settings_are_shown_without_secrets() {
    let folder = Folder::new();
    let url = format!("redis://u:{CANARY}@h/0?password={CANARY}");
    let file = format!("redis_url = \"{url}\"\ndatabase_url = \"postgres://{CANARY}@h/d\"\n");
    let secret = folder.write("secret", &url);
    for sources in [
        environment(&[("DATABASE_URL", &url), ("REDIS_URL_FILE", secret.to_str().unwrap())]),
        Sources { files: vec![folder.write("file", &file)], ..Sources::default() },
        Sources { flags: vec![("redis_url".into(), url.clone().into())], ..Sources::default() },
    ] {
        let settings = Settings::load_with(&sources).unwrap();
        assert!(settings.redis_url.as_ref().unwrap().expose().contains(CANARY));
        let shown: Vec<_> = settings.shown().collect();
        let all = format!("{settings} {settings:?} {settings:#?} {shown:?}");
        assert!(!all.contains(CANARY), "{all}");
        assert!(all.contains("redis://***@h/0?password=***"), "{all}");
    }
}

#[test]
fn no_error_tells_a_secret() {
    let folder = Folder::new();
    let in_file = |text: String| Sources { files: vec![folder.write("file", &text)], ..Sources::default() };
    let mut odd = Sources::default();
    odd.environment.insert("REDIS_URL".into(), OsString::from_vec([CANARY.as_bytes(), &[0xff]].concat()));
    for sources in [
        environment(&[("DATABASE_URL", CANARY)]),
        environment(&[("DATABASE_URL_FILE", folder.write("secret", CANARY).to_str().unwrap())]),
        environment(&[("REDIS_URL", CANARY), ("REDIS_URL_FILE", "file")]),
        odd,
        in_file(format!("database_url = \"{CANARY}\"")),
        in_file(format!("database_url = \"postgres://u:{CANARY}@h/d")),
        in_file(format!("database_url = postgres://u:{CANARY}@h/d")),
        in_file(format!("database_url = \"postgres://u:{CANARY}@h/d\" x")),
        in_file(format!("database_url = [\"postgres://u:{CANARY}@h/d\"]")),
        in_file(format!("redis_url = \"redis://h\"\nredis_url = \"redis://u:{CANARY}@h\"")),
    ] {
        let error = Settings::load_with(&sources).unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(!all.contains(CANARY), "{all}");
    }
}

#[test]
fn an_operator_s_token_is_kept_as_a_hash_alone() {
    let token = format!("{CANARY}-0123456789");
    let settings = Settings::load_with(&environment(&[("CRON_MANAGER_TOKEN", &token)])).unwrap();
    assert_eq!(settings.http.token, Some(TokenHash::of(&token)));
    let shown: Vec<_> = settings.shown().collect();
    let all = format!("{settings} {settings:?} {shown:?}");
    assert!(!all.contains(CANARY) && all.contains("token = *** (environment CRON_MANAGER_TOKEN)"), "{all}");
    let folder = Folder::new();
    let path = folder.write("secret", &format!("{token}\n"));
    let settings = Settings::load_with(&environment(&[("CRON_MANAGER_TOKEN_FILE", path.to_str().unwrap())])).unwrap();
    assert_eq!(settings.http.token, Some(TokenHash::of(&token)));
}

#[test]
fn a_token_that_is_too_short_or_cannot_be_sent_is_refused_with_the_mend() {
    for token in ["c4n4ry-15-chars", "c4n4ry 0123456789", "c4n4ry-ü-0123456789", &"c4n4ry".repeat(100)] {
        let error = Settings::load_with(&environment(&[("CRON_MANAGER_TOKEN", token)])).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("token: environment CRON_MANAGER_TOKEN: h"), "{text}");
        assert!(text.contains("openssl rand -base64 24") && !text.contains(CANARY), "{text}");
    }
}

#[test]
fn an_allowed_origin_is_one_that_a_browser_sends() {
    let load = |list| Settings::load_with(&environment(&[("CRON_MANAGER_ALLOWED_ORIGINS", list)]));
    let settings = load("https://jobs.example, http://localhost:3000").unwrap();
    assert_eq!(settings.http.allowed_origins, ["https://jobs.example", "http://localhost:3000"]);
    for list in ["*", "jobs.example", "https://jobs.example/", "https://", "null", "https://a@b"] {
        let error = load(list).unwrap_err().to_string();
        assert!(error.starts_with("allowed_origins: environment CRON_MANAGER_ALLOWED_ORIGINS: "), "{error}");
    }
}
