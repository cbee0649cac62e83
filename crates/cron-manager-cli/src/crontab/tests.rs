//! What crontab(5) says, line by line.

use proptest::prelude::*;

use cron_manager::domain::schedule::Zone;

use super::*;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
ada:x:1000:1000:Ada:/home/ada:/bin/sh
";

fn read_as(text: &str, format: CrontabFormat) -> Crontab {
    Crontab::read(text.as_bytes(), format, &Users::of(PASSWD, 1000), Zone::utc())
}

fn read(text: &str) -> Crontab {
    read_as(text, CrontabFormat::Detect)
}

/// Schedule in words, command and input of the only job.
fn job(line: &str) -> (String, String, Option<String>) {
    let crontab = read(line);
    assert_eq!(crontab.problems, [], "{line}");
    let [job] = &crontab.jobs[..] else { panic!("{line}: {crontab:?}") };
    let schedule = job.schedule.as_ref().map_or("@reboot".to_owned(), Schedule::describe);
    (schedule, job.script.command.clone(), job.script.input.clone())
}

/// The problems, as they are shown.
fn problems(text: &str) -> Vec<String> {
    read(text).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn an_entry_is_a_time_and_a_command() {
    for (line, schedule, command, input) in [
        (
            "5 0 * * * $HOME/bin/daily.job >> $HOME/tmp/out 2>&1",
            "At 00:05 every day, UTC",
            "$HOME/bin/daily.job >> $HOME/tmp/out 2>&1",
            None,
        ),
        ("15 14 1 * * $HOME/bin/monthly", "At 14:15 on day 1 of the month, UTC", "$HOME/bin/monthly", None),
        (
            "0 22 * * 1-5 mail -s \"It's 10pm\" joe%Joe,%%Where are your kids?%",
            "At 22:00, Monday through Friday, UTC",
            "mail -s \"It's 10pm\" joe",
            Some("Joe,\n\nWhere are your kids?\n"),
        ),
        (
            "5 4 * * sun echo \"run at 5 after 4 every Sunday\"",
            "At 04:05 on Sunday, UTC",
            "echo \"run at 5 after 4 every Sunday\"",
            None,
        ),
        (
            "0 0 1 JAN,jul mon true",
            "At 00:00 on day 1 of the month or on Monday in January and July, UTC",
            "true",
            None,
        ),
        (
            "0 */4 1 * mon echo \"run every 4th hour on the 1st and on every Monday\"",
            "Every 4 hours on day 1 of the month or on Monday, UTC",
            "echo \"run every 4th hour on the 1st and on every Monday\"",
            None,
        ),
        ("\t 1\t2  3 4 *   a  b \t", "At 02:01 on day 3 of the month in April, UTC", "a  b", None),
        ("@hourly true", "Every hour, UTC", "true", None),
        ("@daily\ttrue", "At 00:00 every day, UTC", "true", None),
        ("@reboot  sleep 1 # no comment", "@reboot", "sleep 1 # no comment", None),
        ("* * * * * A=b true", "Every minute, UTC", "A=b true", None),
        ("* * * * * date +\\%s\r", "Every minute, UTC", "date +%s", None),
    ] {
        assert_eq!(job(line), (schedule.to_owned(), command.to_owned(), input.map(str::to_owned)), "{line}");
    }
}

#[test]
fn blank_lines_and_comments_are_no_jobs() {
    let crontab = read("\n   \n\t# 0 5 * * * true\n#\n\r\n");
    assert!(crontab.jobs.is_empty() && crontab.problems.is_empty(), "{crontab:?}");
}

#[test]
fn settings_count_for_the_lines_below() {
    let crontab = read("@daily a\nA = 1\nB=\"x y\"\n@daily b\nA=2\n@daily c\n");
    let settings = |at: usize| {
        let settings = &crontab.jobs[at].script.settings;
        settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(settings(0), [""; 0]);
    assert_eq!(settings(1), ["A=1", "B=x y"]);
    assert_eq!(settings(2), ["A=2", "B=x y"]);
}

#[test]
fn a_zone_counts_for_the_lines_below() {
    let crontab = read("30 2 * * * a\nCRON_TZ=europe/berlin\n30 2 * * * b\nCRON_TZ=Europe/Atlantis\n30 2 * * * c");
    let words: Vec<_> = crontab.jobs.iter().map(|job| job.schedule.as_ref().unwrap().describe()).collect();
    let berlin = "At 02:30 every day, Berlin time (Europe/Berlin)";
    assert_eq!(words, ["At 02:30 every day, UTC", berlin, berlin]);
    assert_eq!(crontab.problems[0].line, 4);
    assert!(crontab.problems[0].message.ends_with("the lines below stay in Europe/Berlin"), "{:?}", crontab.problems);
}

#[test]
fn a_setting_that_is_not_heeded_is_said_once() {
    let crontab = read("MAILTO=a\n@daily true\nMAILTO=b\n");
    assert_eq!(crontab.unheeded.into_iter().collect::<Vec<_>>(), [("MAILTO".to_owned(), 1)]);
    assert_eq!(crontab.jobs[0].script.settings["MAILTO"], "a");
}

#[test]
fn a_wrong_line_is_shown_with_its_place_and_the_rest_runs() {
    let text = "0 25 * * * one\n* * * * * two\n  61\t* * * * three\n0 0 30 2 * four\n";
    assert_eq!(read(text).jobs.len(), 1);
    assert_eq!(
        problems(text),
        [
            "line 1: hour 25 is out of range 0–23\n  0 25 * * * one\n    ^^",
            "line 3: minute 61 is out of range 0–59\n  61 * * * * three\n  ^^",
            "line 4: no date ever matches these fields\n  0 0 30 2 * four\n  ^^^^^^^^^^",
        ]
    );
}

#[test]
fn an_unfinished_line_is_shown_with_its_place() {
    assert_eq!(
        problems("* * * * *\n@daily\nhello world\nA=\n"),
        [
            "line 1: a command belongs after the time\n  * * * * *\n           ^",
            "line 2: a command belongs after the time\n  @daily\n        ^",
            "line 3: a line is five time fields and a command, @daily or the like and a command, NAME=value, \
             or a comment with #\n  hello world\n  ^^^^^^^^^^^",
            "line 4: for an empty value write \"\"\n  A=\n    ^",
        ]
    );
}

#[test]
fn a_long_wrong_line_is_shown_in_part() {
    let shown = problems(&format!("0 25 * * * {}", "x".repeat(9_000))).concat();
    assert!(shown.contains("…\n    ^^") || shown.contains("…\n"), "{shown}");
    assert!(shown.len() < 300, "{shown}");
}

#[test]
fn bytes_that_are_no_text_are_a_problem_of_their_line() {
    let users = Users::of(PASSWD, 1000);
    let crontab = Crontab::read(b"@daily \xff\n@daily a\0b\n@daily c", CrontabFormat::Detect, &users, Zone::utc());
    assert_eq!(crontab.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(crontab.jobs[0].script.command, "c");
}

#[test]
fn directives_belong_to_the_line_directly_below() {
    let crontab =
        read("# name: first\n# every: 5s\n# timeout: 1m\n* * * * * a\n* * * * * b\n# name: lost\n\n* * * * * c\n");
    assert_eq!(crontab.problems, []);
    let [a, b, c] = &crontab.jobs[..] else { panic!("{crontab:?}") };
    assert_eq!((&*a.name, a.timeout), ("first", Some(Duration::from_secs(60))));
    assert_eq!(a.schedule.as_ref().unwrap().describe(), "Every 5 seconds");
    assert_eq!((&*b.name, b.timeout, &*c.name), ("b", None, "c"));
}

#[test]
fn a_wrong_directive_is_reported_and_the_line_runs_as_cron_would() {
    let crontab = read("# name: not good\n# every: soon\n* * * * * a\n# name: x\n@daily b\n# name: x\n@daily c\n");
    let lines: Vec<_> = crontab.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 6]);
    let names: Vec<_> = crontab.jobs.iter().map(|job| &*job.name).collect();
    assert_eq!(names, ["a", "x", "c"]);
    assert_eq!(crontab.jobs[0].schedule.as_ref().unwrap().describe(), "Every minute, UTC");
}

/// Lines as Debian packages have them in /etc/cron.d.
const SYSTEM: &str = "SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
30 3 * * 0 root test -e /run/systemd/system || SERVICE_MODE=1 /usr/lib/scrub/cron
09,39 * * * * www-data [ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean
@daily root true
";

#[test]
fn a_user_column_is_reported_and_its_line_does_not_run() {
    let crontab = read(SYSTEM);
    assert!(crontab.jobs.is_empty(), "{crontab:?}");
    assert_eq!(crontab.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [4, 5, 6, 7]);
    let shown = crontab.problems[1].to_string();
    assert!(shown.starts_with("line 5: this line has a user column (`root`), as files in /etc/cron.d"), "{shown}");
    assert!(shown.ends_with("\n             ^^^^"), "{shown}");
}

#[test]
fn a_word_that_is_a_user_and_a_command_is_a_command() {
    // `www-data` alone is a command, and `root` comes second here.
    assert_eq!(read("@daily www-data\n@daily echo root x").jobs.len(), 2);
    let folder = std::env::temp_dir().join(format!("cron-manager-path-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("ada"), "").unwrap();
    let crontab = read(&format!("@daily ada x\nPATH={}\n@daily ada x\n", folder.display()));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(crontab.jobs.iter().map(|job| job.line).collect::<Vec<_>>(), [3]);
    assert_eq!(read_as("@daily root x", CrontabFormat::User).jobs[0].script.command, "root x");
}

#[test]
fn of_a_system_crontab_the_own_lines_run() {
    let text = "1 2 * * * ada  date +\\%s\n@daily root true\n@daily nobody2 true\n@daily ada\n";
    let crontab = read_as(text, CrontabFormat::System);
    assert_eq!(crontab.jobs[0].script.command, "date +%s");
    let messages: Vec<_> = crontab.problems.iter().map(|problem| &*problem.message).collect();
    assert_eq!(
        messages,
        [
            "this is for the user `root`; this program runs as `ada` and takes on no other user, so start one as `root`",
            "there is no user `nobody2`",
            "a command belongs after the user",
        ]
    );
}

#[test]
fn a_thousand_lines_are_a_thousand_jobs_with_a_thousand_names() {
    let text: String = (0..1_000).map(|n| format!("{} {} * * * echo {}\n", n % 60, n % 24, n % 7)).collect();
    let crontab = read(&text);
    let names: std::collections::HashSet<_> = crontab.jobs.iter().map(|job| &job.name).collect();
    assert_eq!((crontab.jobs.len(), names.len(), crontab.problems.len()), (1_000, 1_000, 0));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,300}", format in 0..3_usize) {
        let format = [CrontabFormat::Detect, CrontabFormat::User, CrontabFormat::System][format];
        let crontab = read_as(&text, format);
        crontab.problems.iter().for_each(|problem| drop(problem.to_string()));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let crontab = Crontab::read(&text, CrontabFormat::Detect, &Users::of(PASSWD, 0), Zone::utc());
        crontab.problems.iter().for_each(|problem| drop(problem.to_string()));
    }

    #[test]
    fn lines_much_like_a_crontab_make_no_panic(
        lines in prop::collection::vec("[#@ \t]{0,2}(name:|every:|timeout:|CRON_TZ|[0-9*/,-]{1,3}|root|mon|é|=|\"|'|%|\\\\| ){1,12}", 0..8)
    ) {
        let crontab = read(&lines.join("\n"));
        crontab.problems.iter().for_each(|problem| drop(problem.to_string()));
        for job in &crontab.jobs {
            prop_assert!(cron_manager::JobName::new(&job.name).is_ok());
        }
    }
}
