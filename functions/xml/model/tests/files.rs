//! Whole files: their JSON by the reference's rule, and refused files.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use xml_model::{Rule, check, convert, read, to_json};

fn converted(xml: &str) -> String {
    let rule = Rule::from_json(&Rule::reference()).unwrap();
    to_json(&convert(read(xml.as_bytes(), &rule).unwrap(), &rule))
}

fn compact(xml: &str) -> String {
    converted(xml).split('\n').map(str::trim).collect()
}

const ITEM: &str = r#"<item id="1" type="x"><category>Shirts</category><description lang="de">Hemd</description>
    <images><image type="1"><url>u1</url></image><image/><image><url>u3</url></image></images>
    <prices><price><currency>EUR</currency><value>49.95</value></price><price><currency>DKK</currency><value>445.60</value></price></prices></item>"#;

const PRODUCT: &str = r##"{"product_id": "1","product_category": "Shirts","product_description": {"lang": "de","#text": "Hemd"},"product_images": {"image_1": "u1","image_3": "u3"},"prices": [{"currency": "EUR","value": "49.95"},{"currency": "DKK","value": "445.60"}]}"##;

#[test]
fn a_file_of_one_product_becomes_a_list_of_it() {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><items xmlns=\"http://www.w3.org/TR/html4/\">{ITEM}</items>"
    );
    assert_eq!(compact(&xml), format!("{{\"products\": [{PRODUCT}]}}"));
}

#[test]
fn two_products_are_a_list_in_a_list() {
    assert_eq!(
        compact(&format!("<items>{ITEM}{ITEM}</items>")),
        format!("{{\"products\": [[{PRODUCT},{PRODUCT}]]}}")
    );
}

#[test]
fn no_products_are_an_empty_list() {
    assert_eq!(compact("<items/>"), "{\"products\": []}");
}

#[test]
fn namespaces_are_dropped_replaced_or_written_out() {
    let mut rule = Rule::default();
    rule.namespaces.insert("urn:a".to_owned(), String::new());
    rule.namespaces.insert("urn:b".to_owned(), "bee".to_owned());
    rule.ignore.insert("@xmlns".to_owned());
    let xml = r#"<a:r xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c" b:n="1"><b:x/><c:y/><z/></a:r>"#;
    let json = to_json(&convert(read(xml.as_bytes(), &rule).unwrap(), &rule));
    let json: String = json.split('\n').map(str::trim).collect();
    assert_eq!(json, r#"{"r": {"bee:n": "1","bee:x": null,"urn:c:y": null,"z": null}}"#);
}

#[test]
fn text_is_joined_trimmed_and_unescaped() {
    let json = compact("<r> a&amp;<![CDATA[<b>]]> &#233; </r>");
    assert_eq!(json, r#"{"r": "a&<b> \u00e9"}"#);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let deep = "<a>".repeat(300);
    let check = |xml: &str, expected: &str| {
        let error = check(xml.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{xml}: {error}");
    };
    check("", "the file has no element at 1:1");
    check("<a>\n  <b></a>", "at 2:");
    check("<a>\n</a><b/>", "more than one root element at 2:");
    check("<a>", "ends inside <a>");
    check("<a/>x", "outside of the root element");
    check("<a>&nbsp;</a>", "the entity &nbsp; is not known");
    check("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "document types (DTD) are not taken");
    check(&deep, "nest deeper than 256");
    let attributes: String = (0..2_000).map(|number| format!(" a{number}=\"\"")).collect();
    check(&format!("<a{attributes}/>"), "<a> has more than 1024 attributes at 1:");
    check("<?xml version=\"1.0\" encoding=\"latin1\"?><a/>", "only UTF-8 is taken");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert!(check(b"<a>\xff</a>").unwrap_err().to_string().contains("not UTF-8 at 1:4"));
    assert!(check(&vec![b' '; (5 << 20) + 1]).unwrap_err().to_string().contains("larger than 5 MB"));
}

/// The samples of the system, as the README sends them, byte by byte.
#[test]
fn every_sample_becomes_its_golden_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["data", "data1", "data2"] {
        let xml = std::fs::read_to_string(folder.join(format!("../upload/data/{name}.xml"))).unwrap();
        let golden = std::fs::read_to_string(folder.join(format!("tests/golden/{name}.json"))).unwrap();
        assert_eq!(converted(&xml), golden, "{name}");
    }
}

/// A search through all earlier names for each new one would take minutes here.
#[test]
fn a_file_of_many_different_names_is_converted() {
    let names = (0..100_000).map(|number| format!("<a{number}/>")).collect::<String>();
    let json = converted(&format!("<r>{names}</r>"));
    assert_eq!(json.matches("null").count(), 100_000);
    assert!(json.ends_with("        \"a99999\": null\n    }\n}"), "{}", &json[json.len() - 60..]);
    let images = "<image><url>u</url></image>".repeat(50_000);
    let json = converted(&format!("<r><images>{images}</images></r>"));
    assert!(json.contains("\"image_50000\": \"u\""), "{}", &json[json.len() - 60..]);
}
