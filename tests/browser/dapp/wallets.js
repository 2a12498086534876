// Finds the wallet that the browser has.

/** The first wallet that announces itself by EIP-6963, or `window.ethereum` of one that does not; null if there is none. */
export function findWallet() {
  const found = []
  const listen = ({ detail }) => found.push({ name: detail.info.name, provider: detail.provider })
  window.addEventListener('eip6963:announceProvider', listen)
  // Wallets answer this before it returns.
  window.dispatchEvent(new Event('eip6963:requestProvider'))
  window.removeEventListener('eip6963:announceProvider', listen)
  if (found.length === 0 && window.ethereum) found.push({ name: 'a wallet', provider: window.ethereum })
  return found[0] ?? null
}
