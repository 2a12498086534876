// The dialog in which the user confirms or rejects.

import { rejected } from './errors.js'

const element = (id) => document.getElementById(id)
const dialog = document.querySelector('dialog')

let last = Promise.resolve()

/**
 * Shows a question and waits for the answer; one question at a time. `rows` are pairs of a label and a text, and
 * `visible` is told when there is something to see. Rejected with error 4001 if the user says no.
 */
export function confirmation(question, visible) {
  const answer = last.then(() => ask(question, visible))
  last = answer.catch(() => {})
  return answer
}

async function ask({ title, network, origin, rows, warning }, visible) {
  element('title').textContent = title
  element('network').textContent = network
  element('origin').textContent = origin
  element('rows').replaceChildren(...rows.flatMap(row))
  element('warning').textContent = warning ?? ''
  element('warning').hidden = !warning
  dialog.showModal()
  visible(true)
  const confirmed = await new Promise((resolve) => {
    element('confirm').onclick = () => resolve(true)
    element('reject').onclick = () => resolve(false)
    dialog.oncancel = () => resolve(false)
  })
  dialog.close()
  visible(false)
  if (!confirmed) throw rejected()
}

function row([label, text]) {
  const [term, description] = ['dt', 'dd'].map((tag) => document.createElement(tag))
  term.textContent = label
  description.textContent = text
  return [term, description]
}
