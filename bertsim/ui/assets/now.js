// Run before a request is sent: the open tab and the turn, in place of the last two inputs.
(...all) => {
  const open = [...document.querySelectorAll('#bs-tabs [role="tabpanel"]')].find((panel) => panel.checkVisibility());
  return [...all.slice(0, -2), open?.id.replace("bs-tab-", "") ?? "", performance.now()];
}
