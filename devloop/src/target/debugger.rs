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
        assert!(words.contains("debug up, process 7:\n  gdb        gdb -p 7\n"), "{words}");
        assert!(words.contains("lldb -p 8") && !words.contains("down"), "{words}");
        let line = words.lines().find(|line| line.contains("VS Code")).unwrap();
        let configuration = line.split_once('{').map(|(_, rest)| format!("{{{rest}")).unwrap();
        let configuration: serde_json::Value = serde_json::from_str(&configuration).unwrap();
        assert_eq!(configuration["pid"], 7);
    }
}
