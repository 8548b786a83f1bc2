import { Button, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const jade: MantineColorsTuple = [
  '#e7f8f1',
  '#cdefe1',
  '#9be4c6',
  '#69dab1',
  '#45d6a4',
  '#1fae80',
  '#0e8f67',
  '#0a7558',
  '#075c46',
  '#044333',
];
const amber: MantineColorsTuple = [
  '#fff5e6',
  '#fde8c8',
  '#fbd08f',
  '#f8ba62',
  '#f5a742',
  '#e8902a',
  '#cf7610',
  '#a95d08',
  '#824706',
  '#5c3204',
];
const berry: MantineColorsTuple = [
  '#fff0f3',
  '#fddae1',
  '#fbb1c0',
  '#fa8ba1',
  '#fb6f8b',
  '#e84a6c',
  '#cc2f54',
  '#ab2245',
  '#861a36',
  '#621226',
];
// Neutrals lean slightly to green, so that they sit beside jade without tinting the pictures between them.
const dark: MantineColorsTuple = [
  '#e6ede9',
  '#c4cfc9',
  '#98a8a0',
  '#718179',
  '#3a4841',
  '#222c27',
  '#1b2420',
  '#151c19',
  '#0e1311',
  '#080b0a',
];
const gray: MantineColorsTuple = [
  '#f7f9f6',
  '#eef1ed',
  '#e3e8e3',
  '#d4dbd5',
  '#bcc6bf',
  '#97a49c',
  '#6f7d75',
  '#55635b',
  '#36433c',
  '#14201b',
];

export const theme = createTheme({
  colors: { jade, amber, berry, dark, gray },
  primaryColor: 'jade',
  primaryShade: { light: 7, dark: 4 },
  black: '#14201b',
  fontFamily: "'Hanken Grotesk', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Code', Menlo, Consolas, monospace",
  headings: {
    fontWeight: '640',
    sizes: {
      h1: { fontSize: '1.75rem', lineHeight: '1.2' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.35' },
    },
  },
  defaultRadius: 'md',
  radius: { sm: '6px', md: '10px', lg: '16px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    // Filled buttons are bright in the dark scheme, where white on them could not be read.
    Button: Button.extend({
      vars: (_theme, { variant = 'filled' }) => ({
        root: variant === 'filled' ? { '--button-color': 'var(--on-filled)' } : {},
      }),
    }),
    // What they leave nameless or wrongly named for who does not see them; axe-core looks at each in the tests.
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    // Not a banner of the page.
    ModalHeader: { defaultProps: { role: 'none' } },
    DrawerHeader: { defaultProps: { role: 'none' } },
    Menu: { defaultProps: { withInitialFocusPlaceholder: false, withinPortal: false } },
  },
});

export const themeVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#55635b',
    '--mantine-color-error': '#a81f42',
    '--mantine-color-default-border': '#d4dbd5',
  },
  dark: {
    '--mantine-color-body': '#151c19',
    '--mantine-color-dimmed': '#98a8a0',
    '--mantine-color-error': '#fb8aa1',
    '--mantine-color-default': '#1b2420',
    '--mantine-color-default-hover': '#222c27',
    '--mantine-color-default-border': '#3a4841',
  },
});
