use super::*;

fn of(config: &Value) -> Logging {
    Logging::read(config).unwrap()
}

#[test]
fn members_are_read_and_wrong_ones_are_named() {
    assert_eq!(of(&json!({})), Logging::Text);
    assert_eq!(of(&json!({"LogFormat": "JSON"})).show()["SystemLogLevel"], "INFO");
    for (member, value, part) in [
        ("LogFormat", "json", "[JSON, Text]"),
        ("ApplicationLogLevel", "info", "[TRACE, DEBUG, INFO, WARN, ERROR, FATAL]"),
        ("SystemLogLevel", "ERROR", "[DEBUG, INFO, WARN]"),
    ] {
        let error = Logging::read(&json!({ member: value })).unwrap_err();
        assert!(error.message.contains(part), "{error}");
    }
}

#[test]
fn lines_below_the_application_s_level_are_left_out_of_json_alone() {
    let lines = || {
        let lines = [r#"{"level":"debug"}"#, r#"{"level":"Warning"}"#, r#"{"level":7}"#, "plain", "{no json"];
        lines.map(|line| (0, line.to_owned())).to_vec()
    };
    let kept =
        |level: &str| of(&json!({"LogFormat": "JSON", "ApplicationLogLevel": level})).kept(lines()).len();
    assert_eq!([kept("TRACE"), kept("INFO"), kept("WARN"), kept("ERROR")], [5, 4, 1, 0]);
    assert_eq!(of(&json!({"LogFormat": "Text"})).kept(lines()).len(), 5);
    for config in
        [json!({"ApplicationLogLevel": "ERROR"}), json!({"LogFormat": "Text", "SystemLogLevel": "WARN"})]
    {
        let error = Logging::read(&config).unwrap_err();
        assert!(error.message.starts_with("LogLevel is not supported"), "{error}");
    }
}

/// The events of an invocation that also starts an environment, with their levels as the table "System log level event
/// mapping" gives them.
#[test]
fn the_system_s_level_decides_which_of_lambda_s_lines_are_written() {
    let figures = Figures { duration: Duration::from_micros(7_604), memory: 128, peak: 17, init: None };
    let written = |level: &str, ending: &Ending| {
        let logging = of(&json!({"LogFormat": "JSON", "SystemLogLevel": level}));
        let mut lines = Vec::from_iter(logging.init_start(0, "provided.al2023"));
        lines.extend(logging.init_done(0, figures.duration));
        lines.extend(logging.init_failed(0, "r", "Runtime.ExitError", "ended").into_iter().flatten());
        lines.extend(logging.start(0, "r", "1"));
        lines.extend(logging.end(0, "r", figures.duration, ending));
        lines.extend(logging.report(0, "r", figures, ending));
        let kinds = lines.iter().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let kind = line["type"].as_str().unwrap().trim_start_matches("platform.");
            match line["record"]["status"].as_str() {
                Some(status) => format!("{kind} {status}"),
                None => kind.to_owned(),
            }
        });
        kinds.collect::<Vec<_>>()
    };
    let debug = [
        "initStart",
        "initRuntimeDone success",
        "initReport success",
        "initRuntimeDone error",
        "initReport error",
        "start",
        "runtimeDone success",
        "report success",
    ];
    assert_eq!(written("DEBUG", &Ending::Success), debug);
    let info = ["initStart", "initRuntimeDone error", "initReport error", "start", "report success"];
    assert_eq!(written("INFO", &Ending::Success), info);
    let warn = ["initRuntimeDone error", "initReport error"];
    assert_eq!(written("WARN", &Ending::Success), warn);
    let failed = ["initRuntimeDone error", "initReport error", "runtimeDone timeout", "report timeout"];
    assert_eq!(written("WARN", &Ending::Timeout), failed);
}

#[test]
fn the_text_format_has_no_lines_about_a_started_environment() {
    assert_eq!(Logging::Text.init_done(0, Duration::ZERO).count(), 0);
    let failed = Logging::Text.init_failed(0, "r", "Runtime.ExitError", "Error: it ended");
    assert_eq!(failed, [None, Some("RequestId: r Error: it ended Runtime.ExitError".to_owned())]);
}

#[test]
fn events_have_the_fields_of_the_telemetry_api() {
    let figures = Figures { duration: Duration::from_micros(7_604), memory: 128, peak: 17, init: None };
    let line = of(&json!({"LogFormat": "JSON"})).report(0, "r", figures, &Ending::Success).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        line,
        json!({"time": "1970-01-01T00:00:00.000Z", "type": "platform.report", "record": {
            "requestId": "r", "status": "success",
            "metrics": {"durationMs": 7.6, "billedDurationMs": 8.0, "memorySizeMB": 128, "maxMemoryUsedMB": 17},
        }})
    );
    let logging = of(&json!({"LogFormat": "JSON", "SystemLogLevel": "DEBUG"}));
    let lines =
        logging.init_done(0, figures.duration).map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let lines: Vec<Value> = lines.map(|line| line["record"].clone()).collect();
    let done = json!({"initializationType": "on-demand", "phase": "init", "status": "success"});
    let mut report = done.clone();
    report["metrics"] = json!({"durationMs": 7.6});
    assert_eq!(lines, [done, report]);
}
