//! Decides the values of the templates' parameters.
//!
//! A database reaches functions through the parameters that a template declares for it, whatever its functions are called and
//! whatever they call the variable: [`URL`] gets the URL, and [`SINK`] gets [`BOTH`] unless the command line says otherwise.

use std::collections::BTreeMap;

use crate::error::{UserError, suggestion};
use crate::session::templates::Template;
use local_postgres::DatabaseUrl;

/// The parameter for a database's URL.
const URL: &str = "DatabaseUrl";

/// The parameter that says where measurements are written.
const SINK: &str = "Sink";

/// The value by which measurements are written to the database in addition to their usual place.
const BOTH: &str = "both";

/// The values to apply the templates with. A value that no template declares is an error.
pub(super) fn values(
    templates: &[Template],
    given: &BTreeMap<String, String>,
    database: Option<&DatabaseUrl>,
) -> Result<BTreeMap<String, String>, UserError> {
    if let Some(unknown) = given.keys().find(|name| !declares(templates, name)) {
        let message = format!("give the parameter {unknown} a value: no template declares it");
        let error = UserError::usage("parameter_unknown", message);
        let known: Vec<&str> =
            templates.iter().flat_map(|template| template.content.parameter_names()).collect();
        return Err(match suggestion(unknown, known.iter().copied()) {
            Some(nearest) => error.with_hint(format!("did you mean `{nearest}`?")),
            None if known.is_empty() => error.with_hint("the templates have no parameters"),
            None => error.with_hint(format!("the parameters are {}", known.join(", "))),
        });
    }
    let mut values = given.clone();
    if let Some(url) = database {
        if !declares(templates, URL) {
            let message = format!("give the functions a database: no template declares the parameter {URL}");
            let hint = format!("declare {URL} in the template and let a function's variable refer to it");
            return Err(UserError::usage("parameter_missing", message).with_hint(hint));
        }
        values.entry(URL.to_owned()).or_insert_with(|| url.as_str().to_owned());
        if declares(templates, SINK) {
            values.entry(SINK.to_owned()).or_insert_with(|| BOTH.to_owned());
        }
    }
    Ok(values)
}

/// The values that this template declares.
pub(super) fn of(
    template: &devloop_cloud::Template,
    values: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let declared = template.parameter_names();
    declared.filter_map(|name| Some((name.to_owned(), values.get(name)?.clone()))).collect()
}

fn declares(templates: &[Template], name: &str) -> bool {
    templates.iter().any(|template| template.content.parameter_names().any(|declared| declared == name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{of, values};
    use crate::session::templates::Template;
    use local_postgres::DatabaseUrl;

    fn template(parameters: &[&str]) -> Template {
        let parameters: BTreeMap<_, _> =
            parameters.iter().map(|name| (*name, json!({ "Type": "String" }))).collect();
        let document = json!({ "Parameters": parameters, "Resources": {} });
        let template = devloop_cloud::Template::parse(&document.to_string()).unwrap();
        Template { path: "t.json".into(), text: String::new(), content: template, functions: Vec::new() }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn check(
        templates: &[Template],
        given: &[(&str, &str)],
        database: bool,
        expected: Result<&[(&str, &str)], &str>,
    ) {
        let url = database.then(|| DatabaseUrl::parse("postgres://h/d").unwrap());
        let found = values(templates, &map(given), url.as_ref());
        assert_eq!(found.map_err(|error| error.to_string()), expected.map(map).map_err(str::to_owned));
    }

    #[test]
    fn a_database_reaches_the_parameters_that_are_declared_for_it() {
        let with_sink = [template(&["Other"]), template(&["Sink", "DatabaseUrl"])];
        let url = ("DatabaseUrl", "postgres://h/d");
        check(&with_sink, &[], false, Ok(&[]));
        check(&with_sink, &[], true, Ok(&[url, ("Sink", "both")]));
        check(&with_sink, &[("Sink", "postgres")], true, Ok(&[url, ("Sink", "postgres")]));
        check(&[template(&["DatabaseUrl"])], &[], true, Ok(&[url]));
        check(
            &[template(&["Sink"])],
            &[],
            true,
            Err("error: give the functions a database: no template declares the parameter DatabaseUrl\n\
                 hint: declare DatabaseUrl in the template and let a function's variable refer to it"),
        );
    }

    #[test]
    fn a_value_that_no_template_asks_for_is_an_error() {
        let message = "error: give the parameter Sikn a value: no template declares it";
        let given = [("Sikn", "both")];
        check(&[template(&["Sink"])], &given, false, Err(&format!("{message}\nhint: did you mean `Sink`?")));
        check(&[template(&["Xyz"])], &given, false, Err(&format!("{message}\nhint: the parameters are Xyz")));
        check(&[], &given, false, Err(&format!("{message}\nhint: the templates have no parameters")));
    }

    #[test]
    fn each_template_gets_what_it_declares() {
        let values = map(&[("A", "1"), ("B", "2")]);
        assert_eq!(of(&template(&["B", "C"]).content, &values), map(&[("B", "2")]));
        assert_eq!(of(&template(&[]).content, &values), map(&[]));
    }
}
