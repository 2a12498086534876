//! What the tests drive besides our own programs: wallet libraries (`tests/clients/`), a browser (`tests/browser/`), and
//! anvil as an L1 (`benches/`, where it is also what we compare ourselves with).

use anyhow::Result;

use crate::installation;
use crate::steps::Outcome;
use crate::workspace::Workspace;

const FOLDER: &str = "tests/clients";

/// Installs the JavaScript and the Python libraries, what drives the browser, and anvil. The browser is the system's.
pub(crate) fn install(workspace: &Workspace) -> Result<Outcome> {
    installation::npm(workspace, FOLDER)?;
    installation::npm(workspace, "tests/browser")?;
    installation::npm(workspace, "benches")?;
    let lock = format!("{FOLDER}/requirements.txt");
    installation::python(workspace, &lock, "target/clients-venv")?;
    Ok(Outcome::Passed)
}
