//! Whole files: their JSON by the reference's rule, and refused files. X10 of the system's acceptance is here and in `convert.rs`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use xml_model::{Rule, check, convert, read, to_json};

fn converted(xml: &str) -> String {
    let rule = Rule::from_json(&Rule::reference()).unwrap();
    to_json(&convert(read(xml.as_bytes(), &rule).unwrap(), &rule))
}

fn compact(xml: &str) -> String {
    converted(xml).split('\n').map(str::trim).collect()
}

/// What a file becomes without a rule: only the `@` of attributes is gone.
fn tree_of(xml: &[u8]) -> String {
    let rule = Rule::default();
    to_json(&convert(read(xml, &rule).unwrap(), &rule)).split('\n').map(str::trim).collect()
}

const ITEM: &str = r#"<item id="1" type="x"><category>Shirts</category><description lang="de">Hemd</description>
    <images><image type="1"><url>u1</url></image><image/><image><url>u3</url></image></images>
    <prices><price><currency>EUR</currency><value>49.95</value></price><price><currency>DKK</currency><value>445.60</value></price></prices></item>"#;

const PRODUCT: &str = r##"{"product_id": "1","product_category": "Shirts","product_description": {"lang": "de","#text": "Hemd"},"product_images": {"image_1": "u1","image_3": "u3"},"prices": [{"currency": "EUR","value": "49.95"},{"currency": "DKK","value": "445.60"}]}"##;

#[test]
fn x10_a_file_of_one_product_becomes_a_list_of_it() {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><items xmlns=\"http://www.w3.org/TR/html4/\">{ITEM}</items>"
    );
    assert_eq!(compact(&xml), format!("{{\"products\": [{PRODUCT}]}}"));
}

#[test]
fn x10_two_products_are_a_list_in_a_list() {
    assert_eq!(
        compact(&format!("<items>{ITEM}{ITEM}</items>")),
        format!("{{\"products\": [[{PRODUCT},{PRODUCT}]]}}")
    );
}

#[test]
fn x10_no_products_are_an_empty_list() {
    assert_eq!(compact("<items/>"), "{\"products\": []}");
}

/// As `flatten_list` of the reference and `xmltodict` 1.0 convert them. A field that is there once gives its value, one that is repeated
/// gives the list of its values as one value.
#[test]
fn x10_prices_with_one_field_are_lists_of_its_values() {
    let check = |prices: &str, expected: &str| {
        let xml = format!("<items><item><prices>{prices}</prices></item></items>");
        assert_eq!(compact(&xml), format!("{{\"products\": [{{\"prices\": {expected}}}]}}"), "{prices}");
    };
    check("<price><currency>EUR</currency></price>", r#"["EUR"]"#);
    check("<price><currency>EUR</currency><currency>DKK</currency></price>", r#"[["EUR","DKK"]]"#);
    check("<price><currency>EUR</currency><value>1</value></price>", r#"["EUR","1"]"#);
    check("<price><amount><currency>EUR</currency></amount></price>", r#"[{"currency": "EUR"}]"#);
    check(
        "<price><currency>EUR</currency></price><price><currency>DKK</currency></price>",
        r#"[{"currency": "EUR"},{"currency": "DKK"}]"#,
    );
    check("<price>EUR</price>", "[]");
    check("<price/>", "[]");
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

/// As `xmltodict` 1.0 reads these files, whose tree the reference converts.
#[test]
fn x10_details_are_read_as_the_reference_reads_them() {
    let check = |xml: &str, expected: &str| assert_eq!(tree_of(xml.as_bytes()), expected, "{xml}");
    check(
        "<a xml:lang='de'>t</a>",
        r##"{"a": {"http://www.w3.org/XML/1998/namespace:lang": "de","#text": "t"}}"##,
    );
    check("<a xmlns='u' b='1'><c d='2'/></a>", r#"{"u:a": {"b": "1","xmlns": {"": "u"},"u:c": {"d": "2"}}}"#);
    check("<a xmlns='u'><b xmlns=''/></a>", r#"{"u:a": {"xmlns": {"": "u"},"b": {"xmlns": {"": null}}}}"#);
    check("<p:a xmlns:p='u' p:t='1'/>", r#"{"u:a": {"u:t": "1","xmlns": {"p": "u"}}}"#);
    check("<a>x<b/>y<b/>z</a>", r##"{"a": {"b": [null,null],"#text": "xyz"}}"##);
    check("<a b='x&#10;y\nz\tw\r\n'/>", r#"{"a": {"b": "x\ny z w "}}"#);
    check("<a>x\r\ny\rz</a>", r#"{"a": "x\ny\nz"}"#);
    check("<a><![CDATA[ x\r\ny ]]></a>", r#"{"a": "x\ny"}"#);
    check("<a>  <![CDATA[  ]]></a>", r#"{"a": null}"#);
    check("<a b=''/>", r#"{"a": {"b": ""}}"#);
    check("<a b=' x '>\u{a0}y\u{a0}</a>", r##"{"a": {"b": " x ","#text": "y"}}"##);
    check("<a>&#x41;&#65;&apos;&quot;</a>", r#"{"a": "AA'\""}"#);
    check("<a  b = '1' ></a >", r#"{"a": {"b": "1"}}"#);
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
    assert_eq!(tree_of(latin), r#"{"a": "\u00e9"}"#);
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
    check("<?xml version=\"1.0\" encoding=\"klingon\"?><a/>", "the encoding klingon is not known");
}

/// `expat`, which the reference reads files with, refuses all of these.
#[test]
fn what_is_not_well_formed_is_refused() {
    let check = |xml: &str, expected: &str| {
        let error = check(xml.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{xml}: {error}");
    };
    check("<x:a/>", "the prefix x is not declared");
    check("<a x:b='1'/>", "the prefix x is not declared");
    check("<a>&#0;</a>", "the entity &#0; is not known");
    check("<a>\n\u{1}</a>", "the character U+0001 is not allowed at 2:1");
    check("<a b='&lt'/>", "a reference does not end with a semicolon");
    check("<a b='<'/>", "the value of an attribute contains <");
    check("<a>]]></a>", "text contains ]]>");
    check("<a><!-- -- --></a>", " at 1:");
    check("<1a/>", "`1a` is not a name");
    check("<a 1b='1'/>", "`1b` is not a name");
    check("<a b=1/>", " at 1:");
    check("<a b='1' b='2'/>", " at 1:");
    check(" <?xml version='1.0'?><a/>", "the declaration does not stand at the start of the file");
    check("<![CDATA[x]]><a/>", "text stands outside of the root element");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert!(check(b"<a>\xff</a>").unwrap_err().to_string().contains("not UTF-8 at 1:4"));
    assert!(check(&vec![b' '; (5 << 20) + 1]).unwrap_err().to_string().contains("larger than 5 MB"));
}

/// The samples of the system, as the README sends them, byte by byte.
#[test]
fn x10_every_sample_becomes_its_golden_file() {
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
