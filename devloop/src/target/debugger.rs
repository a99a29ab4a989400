//! What to paste into a debugger. Pure.

/// For each process of each function, what attaches gdb, lldb, VS Code (with `CodeLLDB`) and `RustRover` to it.
pub(crate) fn words(processes: &[(String, Vec<i32>)]) -> Vec<String> {
    let each = processes.iter().flat_map(|(function, ids)| ids.iter().map(move |id| (function, id)));
    let words = each.flat_map(|(function, id)| {
        [
            format!("debug {function}, process {id}:"),
            format!("  gdb        gdb -p {id}"),
            format!("  lldb       lldb -p {id}"),
            format!(
                "  VS Code    {{\"name\": \"{function}\", \"type\": \"lldb\", \"request\": \"attach\", \"pid\": {id}}}"
            ),
            format!("  RustRover  Run > Attach to Process > {id}"),
        ]
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn every_process_has_its_lines() {
        let words = words(&[("up".to_owned(), vec![7, 8]), ("down".to_owned(), vec![])]).join("\n");
        insta::assert_snapshot!(words, @r#"
        debug up, process 7:
          gdb        gdb -p 7
          lldb       lldb -p 7
          VS Code    {"name": "up", "type": "lldb", "request": "attach", "pid": 7}
          RustRover  Run > Attach to Process > 7
        debug up, process 8:
          gdb        gdb -p 8
          lldb       lldb -p 8
          VS Code    {"name": "up", "type": "lldb", "request": "attach", "pid": 8}
          RustRover  Run > Attach to Process > 8
        "#);
        let lines = words.lines().filter_map(|line| line.split_once("VS Code    "));
        let configurations: Vec<serde_json::Value> =
            lines.map(|(_, configuration)| serde_json::from_str(configuration).unwrap()).collect();
        assert_eq!(configurations.len(), 2, "each is an entry of launch.json as it stands");
    }
}
