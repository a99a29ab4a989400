//! Evaluates expressions.

use super::{
    functions,
    parse::{Expression, Operator},
    value::{Outcome, Series},
};

/// The data of a request that an expression can use.
pub(in super::super) trait Metrics {
    /// The result of the query with this id.
    fn by_id(&self, id: &str) -> Result<Outcome, String>;
    /// All queries that are metrics and not expressions, with their ids.
    fn all(&self) -> Vec<(String, Series)>;
    /// The starts of all periods of this length in the request's time range, in s.
    fn starts(&self, period: i64) -> Vec<i64>;
}

/// Evaluates an expression; the error says which parts do not fit together.
pub(in super::super) fn evaluate(expression: &Expression, metrics: &dyn Metrics) -> Result<Outcome, String> {
    match expression {
        Expression::Number(number) => Ok(Outcome::Number(*number)),
        Expression::Word(word) => Ok(Outcome::Word(word.clone())),
        Expression::Id(id) => metrics.by_id(id),
        Expression::List(parts) => {
            let mut all = Vec::new();
            for part in parts {
                match evaluate(part, metrics)? {
                    Outcome::Series(series) => all.push(series),
                    Outcome::Array(array) => all.extend(array),
                    Outcome::Number(_) | Outcome::Word(_) => {
                        return Err("an array holds time series only".to_owned());
                    }
                }
            }
            Ok(Outcome::Array(all))
        }
        Expression::Minus(part) => binary(Operator::Minus, Outcome::Number(0.0), evaluate(part, metrics)?),
        Expression::Binary(operator, left, right) => {
            binary(*operator, evaluate(left, metrics)?, evaluate(right, metrics)?)
        }
        Expression::Call(name, parts) => {
            let inputs = parts.iter().map(|part| evaluate(part, metrics)).collect::<Result<Vec<_>, _>>()?;
            functions::call(name, &inputs, metrics)
        }
    }
}

fn binary(operator: Operator, left: Outcome, right: Outcome) -> Result<Outcome, String> {
    use Outcome::{Array, Number, Series};
    let compute = |left: f64, right: f64| operate(operator, left, right);
    Ok(match (left, right) {
        (Number(left), Number(right)) => Number(compute(left, right)),
        (Series(left), Number(right)) => Series(left.map(|_, value| Some(compute(value, right)))),
        (Number(left), Series(right)) => Series(right.map(|_, value| Some(compute(left, value)))),
        (Series(left), Series(right)) => Series(both(&left, &right, compute)),
        (Array(left), Number(right)) => {
            Array(left.iter().map(|one| one.map(|_, value| Some(compute(value, right)))).collect())
        }
        (Number(left), Array(right)) => {
            Array(right.iter().map(|one| one.map(|_, value| Some(compute(left, value)))).collect())
        }
        (Array(left), Series(right)) => Array(left.iter().map(|one| both(one, &right, compute)).collect()),
        (Series(left), Array(right)) => {
            Array(right.iter().map(|one| both(one, &left, |value, other| compute(other, value))).collect())
        }
        (Array(_), Array(_)) => return Err("two arrays cannot be combined".to_owned()),
        (Outcome::Word(word), _) | (_, Outcome::Word(word)) => {
            return Err(format!("`{word}` is neither a number nor a time series"));
        }
    })
}

/// Combines two series at the times that both of them have.
fn both(left: &Series, right: &Series, compute: impl Fn(f64, f64) -> f64) -> Series {
    left.map(|at, value| right.points.get(&at).map(|other| compute(value, *other)))
}

#[expect(clippy::float_cmp, reason = "CloudWatch compares exactly")]
fn operate(operator: Operator, left: f64, right: f64) -> f64 {
    let truth = |is: bool| f64::from(u8::from(is));
    match operator {
        Operator::Or => truth(left != 0.0 || right != 0.0),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::AtMost => truth(left <= right),
        Operator::AtLeast => truth(left >= right),
        Operator::Less => truth(left < right),
        Operator::Greater => truth(left > right),
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Over => left / right,
        Operator::Power => left.powf(right),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// `a` has points at 0, 60 and 120; `b` at 60, 120 and 180.
    struct Two;

    fn series(label: &str, points: &[(i64, f64)]) -> Series {
        Series { label: label.to_owned(), period: 60, points: points.iter().copied().collect() }
    }

    impl Metrics for Two {
        fn by_id(&self, id: &str) -> Result<Outcome, String> {
            let all = self.all();
            let found = all.into_iter().find(|(known, _)| known == id);
            found.map(|(_, series)| Outcome::Series(series)).ok_or_else(|| format!("no {id}"))
        }

        fn all(&self) -> Vec<(String, Series)> {
            let a = series("a", &[(0, 1.0), (60, 2.0), (120, 4.0)]);
            let b = series("b", &[(60, 10.0), (120, 0.0), (180, 30.0)]);
            vec![("a".to_owned(), a), ("b".to_owned(), b)]
        }

        fn starts(&self, period: i64) -> Vec<i64> {
            (0..240).step_by(period as usize).collect()
        }
    }

    fn of(text: &str) -> Result<Outcome, String> {
        evaluate(&parse("e", text).unwrap(), &Two)
    }

    #[test]
    fn expressions_over_series() {
        let check = |text: &str, expected: &[(i64, f64)]| match of(text) {
            Ok(Outcome::Series(found)) => {
                let points: Vec<_> = found.points.into_iter().collect();
                assert_eq!(points, expected, "{text}");
            }
            other => panic!("{text}: {other:?}"),
        };
        check("a+b", &[(60, 12.0), (120, 4.0)]);
        check("a/b", &[(60, 0.2)]);
        check("2*a^2-1", &[(0, 1.0), (60, 7.0), (120, 31.0)]);
        check("-a", &[(0, -1.0), (60, -2.0), (120, -4.0)]);
        check("a>1 AND a<4", &[(0, 0.0), (60, 1.0), (120, 0.0)]);
        check("SUM(METRICS())", &[(0, 1.0), (60, 12.0), (120, 4.0), (180, 30.0)]);
        check("AVG([a,b])", &[(0, 1.0), (60, 6.0), (120, 2.0), (180, 30.0)]);
        check("MAX([a,b])", &[(0, 1.0), (60, 10.0), (120, 4.0), (180, 30.0)]);
        check("a-AVG(b)*0", &[(0, 1.0), (60, 2.0), (120, 4.0)]);
        check("a/SUM(a)*7", &[(0, 1.0), (60, 2.0), (120, 4.0)]);
        check("FILL(a,0)", &[(0, 1.0), (60, 2.0), (120, 4.0), (180, 0.0)]);
        check("FILL(b,REPEAT)", &[(60, 10.0), (120, 0.0), (180, 30.0)]);
        check("FILL(a,REPEAT)", &[(0, 1.0), (60, 2.0), (120, 4.0), (180, 4.0)]);
        check("FILL(IF(a==2,0,a)/IF(a==2,0,1),LINEAR)", &[(0, 1.0), (60, 2.5), (120, 4.0)]);
        check("IF(a>1,b,0)", &[(0, 0.0), (60, 10.0), (120, 0.0)]);
        check("IF(a>1,5)", &[(60, 5.0), (120, 5.0)]);
        check("DIFF(a)", &[(60, 1.0), (120, 2.0)]);
        check("DIFF_TIME(a)", &[(60, 60.0), (120, 60.0)]);
        check("RATE(a)*60", &[(60, 1.0), (120, 2.0)]);
        check("RUNNING_SUM(a)", &[(0, 1.0), (60, 3.0), (120, 7.0)]);
        check("ABS(-a)", &[(0, 1.0), (60, 2.0), (120, 4.0)]);
        check("CEIL(a/3)", &[(0, 1.0), (60, 1.0), (120, 2.0)]);
        check("FLOOR(a/3)", &[(0, 0.0), (60, 0.0), (120, 1.0)]);
        check("LOG10(a*0+100)", &[(0, 2.0), (60, 2.0), (120, 2.0)]);
        check("TIME_SERIES(3)", &[(0, 3.0), (60, 3.0), (120, 3.0), (180, 3.0)]);
        check("a*PERIOD(a)", &[(0, 60.0), (60, 120.0), (120, 240.0)]);
        check("MINUTE(a)", &[(0, 0.0), (60, 1.0), (120, 2.0)]);
        check("YEAR(a)", &[(0, 1970.0), (60, 1970.0), (120, 1970.0)]);
        check("FIRST(METRICS())", &[(0, 1.0), (60, 2.0), (120, 4.0)]);
        check("LAST(METRICS())", &[(60, 10.0), (120, 0.0), (180, 30.0)]);
        check("FIRST(SORT(METRICS(),MAX,DESC))", &[(60, 10.0), (120, 0.0), (180, 30.0)]);
        check("METRIC_COUNT(METRICS())*a", &[(0, 2.0), (60, 4.0), (120, 8.0)]);
    }

    #[test]
    fn numbers_arrays_and_invalid_combinations() {
        assert_eq!(of("SUM(a)"), Ok(Outcome::Number(7.0)));
        assert_eq!(of("MIN(b)"), Ok(Outcome::Number(0.0)));
        assert_eq!(of("STDDEV(a*0+3)"), Ok(Outcome::Number(0.0)));
        let lengths = |text: &str| match of(text) {
            Ok(Outcome::Array(all)) => all.iter().map(|one| one.points.len()).collect::<Vec<_>>(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(lengths("METRICS()*2"), [3, 3]);
        assert_eq!(lengths("METRICS('b')"), [3]);
        assert_eq!(lengths("SLICE([a,b,a],1)"), [3, 3]);
        assert_eq!(lengths("REMOVE_EMPTY([a,b/0])"), [3]);
        for (text, why) in [
            ("nobody", "no nobody"),
            ("ABS(1,2)", "ABS takes"),
            ("[1]", "an array holds time series only"),
            ("METRICS()+METRICS()", "two arrays"),
            ("a+REPEAT", "neither a number nor a time series"),
            ("FILL(a,OTHER)", "FILL takes"),
        ] {
            assert!(of(text).unwrap_err().contains(why), "{text}: {:?}", of(text));
        }
    }
}
