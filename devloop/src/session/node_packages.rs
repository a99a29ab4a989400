//! Where functions on Node.js find the AWS SDK, which Lambda's Node.js brings along: among the project's own packages.

use std::path::{Path, PathBuf};

use crate::session::templates::Template;

/// The folders from which packages are looked for: the one of the settings, or else the folders of the templates and of CDK apps, and
/// the workspace's root. The first is where missing packages are to be installed; one that has a `package.json` comes before others.
pub(super) fn folders(root: &Path, templates: &[Template], setting: Option<&Path>) -> Vec<PathBuf> {
    if let Some(folder) = setting {
        return vec![folder.to_owned()];
    }
    let of_templates = templates.iter().filter_map(|template| template.path.parent()).map(|folder| {
        // What is in it is deleted and written anew.
        let is_output = folder.file_name().is_some_and(|name| name == "cdk.out");
        folder.parent().filter(|_| is_output).unwrap_or(folder).to_owned()
    });
    let mut below: Vec<PathBuf> =
        std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    below.retain(|folder| folder.join("cdk.json").is_file());
    below.sort();
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in of_templates.chain(below).chain([root.to_owned()]) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.sort_by_key(|folder| !folder.join("package.json").is_file());
    folders
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn template(path: PathBuf) -> Template {
        let content = devloop_cloud::Template::parse("Resources: {}").unwrap();
        Template { path, text: String::new(), content, functions: vec![] }
    }

    #[test]
    fn packages_are_looked_for_where_the_project_has_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for file in ["infra/package.json", "infra/cdk.json", "other/cdk.json", "src/x.rs"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "{}").unwrap();
        }
        let check = |template_at: &str, expected: &[&str]| {
            let found = folders(root, &[template(root.join(template_at))], None);
            let expected: Vec<PathBuf> = expected.iter().map(|folder| root.join(folder)).collect();
            assert_eq!(found, expected, "{template_at}");
        };
        check("infra/cdk.out/A.template.json", &["infra", "other", ""]);
        check("other/cdk.out/A.template.json", &["infra", "other", ""]);
        check("sam/template.yaml", &["infra", "sam", "other", ""]);
        let named = root.join("elsewhere");
        assert_eq!(folders(root, &[], Some(&named)), [named]);
    }
}
